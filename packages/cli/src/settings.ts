/** `--set path=value`: changes to a document before it is read, so that they are checked like the rest of it. */
import { ConfigError, findNearest } from "@latchgrad/core";

/**
 * The document with settings such as "training.steps=100" or "layers.memory.cell.units=8" made. A step of a path is a
 * key, or for a list an index or the "name" of an element. A value is JSON, or else text. Throws ConfigError.
 */
export function withSettings(document: unknown, settings: readonly string[]): unknown {
  return settings.reduce((changed, setting) => {
    const equals = setting.indexOf("=");
    const path = setting.slice(0, equals).split(".");
    if (equals < 1 || path.includes(""))
      throw refuse(setting, "a setting is a path, an equals sign and a value", "for example training.steps=100");
    return setAt(changed, path, valueOf(setting.slice(equals + 1)), setting);
  }, document);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function setAt(container: unknown, [step, ...rest]: readonly string[], value: unknown, setting: string): unknown {
  const change = (before: unknown): unknown => (rest.length === 0 ? value : setAt(before, rest, value, setting));
  if (Array.isArray(container)) {
    const list: readonly unknown[] = container;
    const index = indexIn(list, step, setting);
    return list.map((element, i) => (i === index ? change(element) : element));
  }
  // What is not there yet becomes an object; whether it may be there is for the schema to say.
  if (typeof container === "object" || container === undefined) {
    const entries = Object.entries(container ?? {});
    const before: unknown = entries.find(([key]) => key === step)?.[1];
    return Object.fromEntries([...entries.filter(([key]) => key !== step), [step, change(before)]]);
  }
  throw refuse(setting, `a path leads through objects and lists, and what is above "${step}" is neither`);
}

/** The element of a list that a step means. */
function indexIn(list: readonly unknown[], step: string, setting: string): number {
  const names = list.map(nameOf);
  const index = /^\d+$/.test(step) ? Number(step) : names.indexOf(step);
  if (index >= 0 && index < list.length) return index;
  const known = names.filter((name) => name !== undefined);
  const nearest = findNearest(step, known);
  throw refuse(
    setting,
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

const refuse = (setting: string, problem: string, hint?: string): ConfigError =>
  new ConfigError([{ code: "config.setting", problem, at: { kind: "value", name: `--set ${setting}` }, hint }]);
