/** How problems with a config are stated: as issues at a JSON pointer, thrown together. */
import { ConfigError, type Issue } from "@latchgrad/core";

/** A problem at a place of the document. */
export const configIssue = (code: string, pointer: string, facts: Omit<Issue, "code" | "at">): Issue => ({
  code: `config.${code}`,
  ...facts,
  at: { kind: "config", pointer },
});

/** Stops with one problem, for checks that later ones depend on. */
export function refuse(code: string, pointer: string, facts: Omit<Issue, "code" | "at">): never {
  throw new ConfigError([configIssue(code, pointer, facts)]);
}

/** Stops when there are problems, with all of them. */
export function throwIssues(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new ConfigError(issues);
}
