/** The lines of cases.ts as every test that runs over them wants them, with operands for each. */
import { ops } from "../src/ops/index.js";
import type { DimBindings } from "../src/shape/dim.js";
import type { Tensor } from "../src/shape/tensor.js";
import { cases, type Case } from "./cases.js";
import type { Point } from "./directional.js";
import { randomFrom } from "./random.js";
import { parseUse, randomTensor } from "./use.js";

/** Sizes for symbols: all different, so that no axis passes for another, and the smallest that a symbol may have. */
const BINDINGS: readonly DimBindings[] = [
  { B: 2, T: 5, H: 3 },
  { B: 1, T: 1, H: 1 },
];

export const bindingsOf = ({ use }: Case): readonly DimBindings[] =>
  /[A-Z]\b/.test(use) ? BINDINGS : BINDINGS.slice(0, 1);

export const every = Object.entries(cases).map(([name, opCases]) => ({
  name,
  op: ops[name as keyof typeof cases],
  valid: opCases.valid.map((each): Case => (typeof each === "string" ? { use: each } : each)),
  invalid: Object.entries(opCases.invalid).map(([label, use]) => ({ label, use })),
}));

/** Operands by parameter name; always the same for the same use. */
export const pointOf = ({ use, domains = [] }: Case, bindings: DimBindings): Point => {
  const random = randomFrom(use);
  return new Map(
    parseUse(use).inputs.map((type, i): [string, Tensor] => [
      `p${i}`,
      randomTensor(type, bindings, random, domains[i]),
    ]),
  );
};
