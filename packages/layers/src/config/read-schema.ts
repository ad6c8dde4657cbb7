/** Reads a document with a schema: the typed result, or one ConfigError with every problem, each at its JSON pointer. */
import type { Issue } from "@latchgrad/core";
import type * as z from "zod";
import { findLimitIssues, MOST_ISSUES } from "./limits.js";
import { throwIssues } from "./refuse.js";
import { issuesOf, factsOf } from "./schema-issues.js";

const pointerOf = ({ at }: Issue): string | undefined => (at.kind === "config" ? at.pointer : undefined);

/** What to know of a document besides its schema. */
export interface ReadOptions {
  /** Where the document stands, if it is part of another one. */
  readonly pointer?: string;
  /** Problems that the schema does not see; the document is within the limits, but may be anything else. */
  also?(document: unknown): readonly Issue[];
}

/** The document as the schema types it, with defaults filled in. Throws ConfigError with all problems at once. */
export function readWithSchema<S extends z.ZodType>(
  schema: S,
  document: unknown,
  { pointer = "", also }: ReadOptions = {},
): z.output<S> {
  const placed = (issue: Issue): Issue =>
    issue.at.kind === "config" ? { ...issue, at: { kind: "config", pointer: pointer + issue.at.pointer } } : issue;
  throwIssues(findLimitIssues(document).map(placed));
  const result = schema.safeParse(document, { error: factsOf, jitless: true });
  const found = result.success
    ? []
    : result.error.issues.slice(0, MOST_ISSUES).flatMap((issue) => issuesOf(issue, document, []));
  const others = also?.(document) ?? [];
  // What is known of a place besides the schema says more than that none of the schema's choices fits there.
  const told = new Set(others.map(pointerOf));
  const left = found.filter((issue) => !told.has(pointerOf(issue)));
  throwIssues([...others, ...left].slice(0, MOST_ISSUES).map(placed));
  if (result.success) return result.data;
  throw new TypeError("internal: a document was refused without a reason; please report this");
}
