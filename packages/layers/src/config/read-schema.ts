/** Reads a document with a schema: the typed result, or one ConfigError with every problem, each at its JSON pointer. */
import type * as z from "zod";
import { findLimitIssues, MOST_ISSUES } from "./limits.js";
import { throwIssues } from "./refuse.js";
import { issuesOf, factsOf } from "./schema-issues.js";

/** The document as the schema types it, with defaults filled in. Throws ConfigError with all problems at once. */
export function readWithSchema<S extends z.ZodType>(schema: S, document: unknown): z.output<S> {
  throwIssues(findLimitIssues(document));
  const result = schema.safeParse(document, { error: factsOf });
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MOST_ISSUES).flatMap((issue) => issuesOf(issue, document, []));
  throwIssues(issues.slice(0, MOST_ISSUES));
  throw new TypeError("internal: a document was refused without a reason; please report this");
}
