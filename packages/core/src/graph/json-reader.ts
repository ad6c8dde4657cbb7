/** Reads untrusted JSON values strictly: own keys only, no unknown ones, and every problem with its pointer. */
import { IrSyntaxError } from "../errors/errors.js";
import { joinPointer, type PointerStep } from "../errors/pointer.js";
import { suggestName } from "../errors/suggest.js";
import type { Fact } from "./invariants.js";
import { LONGEST_NAME, MOST_JSON_VALUES } from "./limits.js";

/** A value and the way to it; the pointer is spelled only when an error needs it. */
export interface Place {
  readonly value: unknown;
  readonly step: PointerStep;
  readonly parent: Place | undefined;
}

function pointerOf(place: Place): string {
  const steps: PointerStep[] = [];
  for (let at = place; at.parent !== undefined; at = at.parent) steps.push(at.step);
  return joinPointer("", ...steps.reverse());
}

export function refuseAt(place: Place, fact: Fact): never {
  throw new IrSyntaxError([{ ...fact, at: { kind: "config", pointer: pointerOf(place) } }]);
}

/** What a value is, for messages; never its content, which may be long. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string")
    return value.length <= 40 ? JSON.stringify(value) : `a text of ${value.length} characters`;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : `a value of type ${typeof value}`;
}

const refuseKind = (place: Place, expected: string): never =>
  refuseAt(place, {
    code: "json.type",
    problem: "a value has the kind that its place asks for",
    expected,
    received: describe(place.value),
  });

export interface JsonReader {
  readonly root: Place;
  /** The members of an object that has all `required` keys and no others than those and `optional`. */
  readObject(place: Place, required: readonly string[], optional?: readonly string[]): (key: string) => Place;
  /** Any keys of an object. */
  readEntries(place: Place): readonly (readonly [string, Place])[];
  readList(place: Place): readonly Place[];
  readText(place: Place): string;
  readName(place: Place): string;
  /** A whole number from 0 to below `limit`. */
  readIndex(place: Place, limit: number): number;
}

/** A reader of `document`, which counts what it reads and refuses more than a graph can need. */
export function readJson(document: unknown): JsonReader {
  let count = 0;

  function child(parent: Place, step: PointerStep, value: unknown): Place {
    const place: Place = { value, step, parent };
    if (++count > MOST_JSON_VALUES)
      refuseAt(place, { code: "json.too-large", problem: `a document has at most ${MOST_JSON_VALUES} values` });
    return place;
  }

  function objectAt(place: Place): Readonly<Record<string, unknown>> {
    const { value } = place;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuseKind(place, "an object");
    return value as Readonly<Record<string, unknown>>;
  }

  function readText(place: Place): string {
    return typeof place.value === "string" ? place.value : refuseKind(place, "a text");
  }

  return {
    root: { value: document, step: "", parent: undefined },
    readObject(place, required, optional = []) {
      const object = objectAt(place);
      const known = [...required, ...optional];
      for (const key of Object.keys(object))
        if (!known.includes(key))
          refuseAt(place, {
            code: "json.unknown-key",
            problem: "an object has only the keys that its place knows",
            received: describe(key),
            hint: suggestName(key, known),
          });
      for (const key of required)
        if (!Object.hasOwn(object, key))
          refuseAt(place, { code: "json.missing-key", problem: `the key "${key}" is needed here` });
      return (key) => child(place, key, Object.hasOwn(object, key) ? object[key] : undefined);
    },
    readEntries(place) {
      const object = objectAt(place);
      return Object.keys(object).map((key) => [key, child(place, key, object[key])]);
    },
    readList(place) {
      const { value } = place;
      if (!Array.isArray(value)) return refuseKind(place, "a list");
      return Array.from(value as readonly unknown[], (item, i) => child(place, i, item));
    },
    readText,
    readName(place) {
      const name = readText(place);
      if (name.length <= LONGEST_NAME) return name;
      return refuseAt(place, {
        code: "json.too-large",
        problem: `a name has at most ${LONGEST_NAME} characters`,
        received: `${name.length} characters`,
      });
    },
    readIndex(place, limit) {
      const { value } = place;
      if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < limit) return value;
      return refuseAt(place, {
        code: "json.value-id",
        problem: "a value is named by its number: parameters first, then the results of earlier nodes",
        expected: limit === 0 ? "no number, as there are no values yet" : `0 to ${limit - 1}`,
        received: describe(value),
      });
    },
  };
}
