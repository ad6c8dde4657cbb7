/** The lengths of padded sequences, for every layer that has to know which steps count. */
import { formatType, joinPointer, type Value } from "@latchgrad/core";
import * as z from "zod";
import { referenceSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import type { LayerReference, LayerScope } from "./layer.js";

/** Input that tells the length of each sequence of the main input, where the task has it. */
const LENGTHS_INPUT = "lengths";

/** How a config says which steps of `what` count. */
export const lengthsField = (what: string) =>
  z
    .union([referenceSchema, z.literal(false)])
    .optional()
    .meta({
      description:
        `Name of the input with the length of each sequence, i32[B]; steps of ${what} past it do not count. By default "lengths", when ` +
        "there is such an input and the steps are those of the task's main input; false reads all steps.",
      examples: ["lengths", false],
    });

type Lengths = string | false | undefined;

/** The name that a config mentions as lengths. */
export const lengthsReferences = (lengths: Lengths): readonly LayerReference[] =>
  typeof lengths === "string" ? [{ path: ["lengths"], reference: lengths }] : [];

/** The lengths i32[B] of a sequence [B, T, ...], if any. Throws ConfigError where they have another type. */
export function lengthsOf(scope: LayerScope, lengths: Lengths, { type }: Value): Value | undefined {
  if (lengths === false) return undefined;
  // Another time axis, such as that of a decoder, has other lengths.
  const isOther = scope.time !== undefined && type.dims[1] !== scope.time;
  if (lengths === undefined && isOther) return undefined;
  const value = scope.find(lengths ?? LENGTHS_INPUT);
  if (value === undefined) return undefined;
  const expected = formatType({ dtype: "i32", dims: [type.dims[0]] });
  if (formatType(value.type) === expected) return value;
  return refuse("lengths-type", lengths === undefined ? scope.pointer : joinPointer(scope.pointer, "lengths"), {
    problem: "lengths have one whole number per sequence",
    expected,
    received: formatType(value.type),
  });
}
