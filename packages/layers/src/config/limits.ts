/**
 * What a document may at most be, checked before anything else reads it: sizes that no person reaches, but that keep a
 * hostile document from costing memory, time or stack. Also refused here is whatever is no JSON at all.
 */
import { joinPointer, type Issue } from "@latchgrad/core";
import { configIssue } from "./refuse.js";

/** Lists in lists and objects in objects. The schemas of this project need about ten; zod recurses. */
export const DEEPEST_NESTING = 64;
/** Values of all kinds. */
export const MOST_VALUES = 100_000;
/** Characters of one text or key. */
export const LONGEST_STRING = 10_000;

/** Keys that mean something else to JavaScript than to the person who wrote them. */
const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/** Problems reported at most; nobody reads more of them. */
export const MOST_ISSUES = 100;

interface Visit {
  readonly value: unknown;
  readonly pointer: string;
  readonly depth: number;
}

/** Every problem with a document's size and kind of values; none when it is JSON within the limits. */
export function findLimitIssues(document: unknown): readonly Issue[] {
  const issues: Issue[] = [];
  const pending: Visit[] = [{ value: document, pointer: "", depth: 0 }];
  let values = 0;
  for (let visit = pending.pop(); visit !== undefined && issues.length < MOST_ISSUES; visit = pending.pop()) {
    const { pointer, depth } = visit;
    if (++values > MOST_VALUES) {
      // Only now is it known that the document goes on; where it does makes no difference.
      issues.push(
        configIssue("too-large", "", { problem: `a document holds at most ${MOST_VALUES} values`, received: "more" }),
      );
      break;
    }
    issues.push(...scalarIssues(visit));
    if (!isContainer(visit.value)) continue;
    if (depth === DEEPEST_NESTING) {
      issues.push(
        configIssue("too-deep", pointer, { problem: `lists and objects are nested at most ${DEEPEST_NESTING} deep` }),
      );
      continue;
    }
    const children = Array.isArray(visit.value) ? arrayEntries(visit.value) : Object.entries(visit.value);
    if (children === undefined || children.length > MOST_VALUES) {
      issues.push(
        configIssue("too-large", pointer, {
          problem: `a document holds at most ${MOST_VALUES} values`,
          received: Array.isArray(visit.value) ? `a list of ${visit.value.length}` : "an object with more keys",
        }),
      );
      continue;
    }
    if (!Array.isArray(visit.value)) issues.push(...keyIssues(pointer, Object.keys(visit.value)));
    // Pushed in reverse, so that problems come in the order of the document.
    for (const [key, value] of children.toReversed())
      if (!FORBIDDEN_KEYS.includes(String(key)))
        pending.push({ value, pointer: joinPointer(pointer, key), depth: depth + 1 });
  }
  return issues;
}

/** Index and element of a list, or undefined for one too long to spell out. */
const arrayEntries = (list: readonly unknown[]): readonly (readonly [number, unknown])[] | undefined =>
  list.length > MOST_VALUES ? undefined : Array.from(list, (value, i) => [i, value] as const);

const isContainer = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
};

function scalarIssues({ value, pointer }: Visit): readonly Issue[] {
  if (value === null || typeof value === "boolean" || isContainer(value)) return [];
  if (typeof value === "number")
    return Number.isFinite(value)
      ? []
      : [
          configIssue("not-finite", pointer, {
            problem: "numbers are finite",
            received: String(value),
            hint: "JSON numbers beyond 1.8e308 become infinite when they are read",
          }),
        ];
  if (typeof value === "string")
    return value.length <= LONGEST_STRING
      ? []
      : [
          configIssue("too-long", pointer, {
            problem: `texts have at most ${LONGEST_STRING} characters`,
            received: `${value.length} characters`,
          }),
        ];
  return [
    configIssue("not-json", pointer, {
      problem: "a document consists of what JSON can say",
      expected: "null, true, false, a number, a text, a list or an object",
      received: typeof value === "object" ? "an object of a class" : typeof value,
    }),
  ];
}

const keyIssues = (pointer: string, keys: readonly string[]): readonly Issue[] =>
  keys.flatMap((key) => {
    if (FORBIDDEN_KEYS.includes(key))
      return [configIssue("forbidden-key", joinPointer(pointer, key), { problem: `"${key}" is not allowed as a key` })];
    return key.length <= LONGEST_STRING
      ? []
      : [
          configIssue("too-long", pointer, {
            problem: `keys have at most ${LONGEST_STRING} characters`,
            received: `${key.length} characters`,
          }),
        ];
  });
