/** The functions of the notation: one line per table. */
import { elementwiseFunctions } from "./elementwise-functions.js";
import type { NotationFunction } from "./function.js";
import { randomFunctions } from "./random.js";
import { reductions } from "./reductions.js";
import { structureFunctions } from "./structure.js";

/** By name, in the order of the reference page. */
export const notationFunctions: ReadonlyMap<string, NotationFunction> = new Map(
  [...elementwiseFunctions, ...reductions, ...structureFunctions, ...randomFunctions].map((each) => [each.name, each]),
);
