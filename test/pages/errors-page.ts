// docs/errors.md: every issue code in the sources, found where issues are made, with the problem as it is stated there.
import type { Source } from "../architecture/source";
import { issuesIn, type StatedIssue } from "./issues-in-sources";
import { escaped, generatedNote, listOf, section } from "./markdown";

export interface CodeEntry {
  /** A part in angle brackets stands for a name: "<op>.C1". */
  readonly code: string;
  /** The problems that are stated with it; "…" stands for what only a run knows. */
  readonly meanings: readonly string[];
  readonly files: readonly string[];
}

/** Meanings of codes whose problem is stated elsewhere than where the issue is made. */
const STATED_ELSEWHERE: Readonly<Partial<Record<string, string>>> = {
  "<op>.<label>": "a constraint of the op holds, for example dotGeneral.C2; the page of ops lists them all",
  "config.invalid": "a rule of the document that stands beside its schema holds, and the message says which",
  "gradient.no-derivative": "a path from the output to the parameter has a derivative; the op says why it has none",
};

const INTRODUCTION = `
Everything that Latchgrad throws on purpose is one of the classes in
[errors.ts](../packages/core/src/errors/errors.ts), with a list of issues; the message is made from them. An issue has a code, the
rule that was broken, the place, and where they help: what was expected, what was received, and a hint. Anything else
that is thrown is a bug.

Codes are stable: a program may compare them. The rule is stated as it should be, so that "an output is an
existing value" means that it is not. A part in angle brackets stands for a name, "…" for what depends on the case.
`;

/** The reference page of all issue codes. */
export function errorsPage(sources: readonly Source[]): string {
  const groups = new Map<string, CodeEntry[]>();
  for (const entry of codesOf(sources)) {
    const [group = ""] = entry.code.split(".");
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return [
    "# Error codes",
    generatedNote("the sources of all packages"),
    INTRODUCTION,
    ...[...groups].map(([group, entries]) =>
      section(2, escaped(group), [
        listOf(
          entries.map(
            ({ code, meanings, files }) =>
              `\`${code}\`: ${meanings.map(escaped).join("; ")} (${files.map(linkTo).join(", ")})`,
          ),
        ),
      ]),
    ),
  ].join("\n\n");
}

const linkTo = (path: string): string => `[${path.slice(path.lastIndexOf("/") + 1)}](../${path})`;

/** All codes with what is said of them, in alphabetical order. */
export function codesOf(sources: readonly Source[]): readonly CodeEntry[] {
  const byCode = new Map<string, StatedIssue[]>();
  for (const issue of issuesIn(sources)) byCode.set(issue.code, [...(byCode.get(issue.code) ?? []), issue]);
  return [...byCode]
    .map(([code, issues]) => ({
      code,
      meanings: sortedSet([STATED_ELSEWHERE[code] ?? issues.flatMap(({ problem }) => problem ?? [])].flat()),
      files: sortedSet(issues.map(({ path }) => path)),
    }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

const sortedSet = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
