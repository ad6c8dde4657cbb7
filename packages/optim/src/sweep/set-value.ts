/** Changes of single fields of a document: what `--set` and sweeps have in common. */
import { ConfigError, findNearest, type Location } from "@latchgrad/core";

/**
 * The document with a value in the place of another one. A path has keys with dots between them, and for a list an index or the
 * "name" of an element; or it is a JSON pointer, "/training/steps". `at` is where errors say that the path stands. Throws ConfigError.
 */
export const setValue = (document: unknown, path: string, value: unknown, at: Location): unknown =>
  setAt(document, stepsOf(path, at), value, at);

/** The keys, names and indices of a path. Throws ConfigError where it is none. */
function stepsOf(path: string, at: Location): readonly string[] {
  const steps = path.startsWith("/")
    ? path
        .slice(1)
        .split("/")
        .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    : path.split(".");
  if (steps.includes(""))
    throw refuse(at, "a path is keys with dots between them, or a JSON pointer", "for example training.steps");
  return steps;
}

function setAt(container: unknown, [step, ...rest]: readonly string[], value: unknown, at: Location): unknown {
  const change = (before: unknown): unknown => (rest.length === 0 ? value : setAt(before, rest, value, at));
  if (Array.isArray(container)) {
    const list: readonly unknown[] = container;
    const index = indexIn(list, step, at);
    return list.map((element, i) => (i === index ? change(element) : element));
  }
  // What is not there yet becomes an object; whether it may be there is for the schema to say.
  if (typeof container === "object" || container === undefined) {
    const entries = Object.entries(container ?? {});
    const before: unknown = entries.find(([key]) => key === step)?.[1];
    return Object.fromEntries([...entries.filter(([key]) => key !== step), [step, change(before)]]);
  }
  throw refuse(at, `a path leads through objects and lists, and what is above "${step}" is neither`);
}

/** The element of a list that a step means. */
function indexIn(list: readonly unknown[], step: string, at: Location): number {
  const names = list.map(nameOf);
  const index = /^\d+$/.test(step) ? Number(step) : names.indexOf(step);
  if (index >= 0 && index < list.length) return index;
  const known = names.filter((name) => name !== undefined);
  const nearest = findNearest(step, known);
  throw refuse(
    at,
    `a step into a list is the name of an element or an index, and "${step}" is none`,
    nearest === undefined
      ? `0 to ${list.length - 1}${known.length > 0 ? `, or one of: ${known.join(", ")}` : ""}`
      : `did you mean "${nearest}"?`,
  );
}

const nameOf = (element: unknown): string | undefined =>
  typeof element === "object" && element !== null && "name" in element && typeof element.name === "string"
    ? element.name
    : undefined;

const refuse = (at: Location, problem: string, hint?: string): ConfigError =>
  new ConfigError([{ code: "config.setting", problem, at, hint }]);
