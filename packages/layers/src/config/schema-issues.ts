/** What zod finds, said in the words of this project: rule, place, expected, received, and the nearest known name. */
import { findNearest, joinPointer, suggestName, type Issue } from "@latchgrad/core";
import * as z from "zod";
import { configIssue } from "./refuse.js";

type Path = readonly PropertyKey[];
type SchemaIssue = z.core.$ZodIssue;

/** Separates the names in a message that `factsOf` makes; no key contains it. */
const SEPARATOR = "\n";
const WHOLE_NUMBER = "a whole number";

/**
 * The error map of a parse: the only place where the schema that complains is at hand. Of an unknown key zod reports
 * no more than the key; here the message becomes the list of keys that the object does have. Of a number that has to be whole it
 * says, to what is no number at all, only that it should be one.
 */
export function factsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys" && issue.inst instanceof z.ZodObject)
    return Object.keys(issue.inst.shape).join(SEPARATOR);
  return issue.code === "invalid_type" && issue.inst instanceof z.ZodNumberFormat ? WHOLE_NUMBER : undefined;
}

const pointerOf = (path: Path): string =>
  joinPointer("", ...path.map((step) => (typeof step === "symbol" ? "" : step)));

/** The part of a document at a path. */
function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return value;
}

const LONGEST_QUOTED = 60;

/** A value as an error quotes it. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length <= LONGEST_QUOTED ? text : `${text.slice(0, LONGEST_QUOTED)}…`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: WHOLE_NUMBER,
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

const quoteAll = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");
/** "one of" in front of several choices. */
const choices = (values: readonly unknown[]): string => (values.length === 1 ? "" : "one of ") + quoteAll(values);

/** What a value must be for an issue not to arise; undefined for the kinds that are told otherwise. */
function expectedBy(issue: SchemaIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.message === WHOLE_NUMBER ? WHOLE_NUMBER : (KINDS[issue.expected] ?? issue.expected);
    case "invalid_value":
      return choices(issue.values);
    case "too_small":
      return `${sizeOf(issue.origin)}${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `${sizeOf(issue.origin)}${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

const SIZES: Readonly<Record<string, string>> = { string: "characters: ", array: "elements: ", record: "keys: " };
const sizeOf = (origin: string): string => SIZES[origin] ?? "";

/** The issues of this project for one of zod's; several where it lists several, or none of a union's choices fits. */
export function issuesOf(issue: SchemaIssue, document: unknown, base: Path): readonly Issue[] {
  const path = [...base, ...issue.path];
  const pointer = pointerOf(path);
  const value = valueAt(document, path);
  const received = describe(value);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        configIssue("unknown-key", joinPointer(pointer, key), {
          problem: `unknown key "${clip(key)}"`,
          hint: suggestName(key, issue.message.split(SEPARATOR)),
        }),
      );
    case "invalid_union":
      return unionIssues(issue, document, path);
    case "invalid_key":
    case "invalid_element":
      return issue.issues.map((inner) =>
        configIssue("name", pointer, {
          problem: `"${clip(lastOf(path))}" does not have the form of a name here`,
          expected: inner.code === "invalid_format" ? inner.message : expectedBy(inner),
        }),
      );
    case "invalid_format":
      return [
        configIssue("format", pointer, {
          problem: `${naming(path)} does not have the right form`,
          expected: issue.message,
          received,
        }),
      ];
    case "invalid_value":
      return [choiceIssue(path, value, issue.values)];
    case "invalid_type":
    case "too_small":
    case "too_big":
    case "not_multiple_of":
      if (value === undefined)
        return [
          configIssue("missing", pointer, { problem: `${naming(path)} is missing`, expected: expectedBy(issue) }),
        ];
      return [
        configIssue(issue.code === "invalid_type" ? "type" : "range", pointer, {
          problem:
            issue.code === "invalid_type" ? `${naming(path)} has the wrong type` : `${naming(path)} is out of range`,
          expected: expectedBy(issue),
          received,
        }),
      ];
    case "custom":
      return [configIssue("invalid", pointer, { problem: issue.message, received })];
    default:
      return issue satisfies never;
  }
}

const clip = (text: string): string => (text.length <= LONGEST_QUOTED ? text : `${text.slice(0, LONGEST_QUOTED)}…`);
const lastOf = (path: Path): string => String(path.at(-1) ?? "");
/** The thing at a path, in a sentence. */
const naming = (path: Path): string => {
  const step = path.at(-1);
  if (step === undefined) return "the document";
  return typeof step === "number" ? `element ${step}` : clip(String(step));
};

/** A value that is none of the known ones, with the nearest of them. */
function choiceIssue(path: Path, value: unknown, known: readonly unknown[]): Issue {
  const names = known.filter((each) => typeof each === "string");
  const nearest = typeof value === "string" ? findNearest(value, names) : undefined;
  return configIssue(value === undefined ? "missing" : "choice", pointerOf(path), {
    problem: value === undefined ? `${naming(path)} is missing` : `${naming(path)} is none of the known values`,
    expected: choices(known),
    received: value === undefined ? undefined : describe(value),
    hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
  });
}

type UnionIssue = Extract<SchemaIssue, { readonly code: "invalid_union" }>;

/** Of a union told apart by a key: that key's problem. Of another: the problems of the alternative that was meant. */
function unionIssues(issue: UnionIssue, document: unknown, path: Path): readonly Issue[] {
  if (issue.errors.length === 0)
    return [choiceIssue(path, valueAt(document, path), "options" in issue ? (issue.options ?? []) : [])];
  const alternatives = issue.errors.map((errors) => errors as readonly SchemaIssue[]);
  // An alternative was meant when the value has its kind, so that only its parts are wrong.
  const meant = alternatives.find((errors) => !errors.some(isAboutTheWhole));
  if (meant !== undefined) return meant.flatMap((inner) => issuesOf(inner, document, path));
  const value = valueAt(document, path);
  const ownKind = alternatives.flatMap((errors) => errors.filter((error) => isAboutTheWhole(error)));
  const named = ownKind.flatMap((error) => (error.code === "invalid_value" ? error.values : []));
  if (typeof value === "string" && named.length > 0) return [choiceIssue(path, value, named)];
  return [
    configIssue(value === undefined ? "missing" : "type", pointerOf(path), {
      problem: value === undefined ? `${naming(path)} is missing` : `${naming(path)} has the wrong type`,
      expected: ownKind.flatMap((error) => expectedBy(error) ?? []).join(", or "),
      received: value === undefined ? undefined : describe(value),
    }),
  ];
}

/** Whether an error says that the value is of the wrong kind, rather than that something in it is wrong. */
const isAboutTheWhole = (error: SchemaIssue): boolean =>
  error.path.length === 0 && (error.code === "invalid_type" || error.code === "invalid_value");
