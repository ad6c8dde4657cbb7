/** Comparison, logic, choice and conversion: where bool enters and leaves. */
import { aDType, type NoAttrs } from "../ir/attrs.js";
import type { Lanes } from "../kernel/lanes.js";
import { isFloat, isInteger, sameType, sameDims, type DType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { allBool, allNumeric, filled, mapBinary, mapUnary, sameElementType, sameShape, wrapTo } from "./rules.js";

type LaneOfTwo = <V>(k: Lanes<V>, x: V, y: V) => V;

const compare = (
  name: string,
  summary: string,
  formula: string,
  f: (x: number, y: number) => boolean,
  lane: LaneOfTwo,
): Op<2, NoAttrs> => ({
  kind: "op",
  name,
  summary,
  formula,
  operands: ["x", "y"],
  arity: 2,
  attrs: {},
  constraints: [allNumeric("C1"), sameElementType("C2"), sameShape("C3")],
  traits: { elementwise: true, cheap: true },
  result: ([x]) => ({ dtype: "bool", dims: x.dims }),
  evaluate: ([x, y]) => mapBinary((a, b) => Number(f(a, b)), x, y),
  kernel: () => ({ kind: "map", lane }),
  vjp: () => [null, null],
});

export const eq = compare(
  "eq",
  "Whether two elements are equal; NaN equals nothing.",
  "out[i] = x[i] = y[i]",
  (x, y) => x === y,
  (k, x, y) => k.eq(x, y),
);
export const lt = compare(
  "lt",
  "Whether x is less than y.",
  "out[i] = x[i] < y[i]",
  (x, y) => x < y,
  (k, x, y) => k.lt(x, y),
);
export const le = compare(
  "le",
  "Whether x is less than or equal to y.",
  "out[i] = x[i] ≤ y[i]",
  (x, y) => x <= y,
  (k, x, y) => k.le(x, y),
);

const logic = (
  name: string,
  summary: string,
  formula: string,
  f: (x: number, y: number) => number,
  lane: LaneOfTwo,
): Op<2, NoAttrs> => ({
  kind: "op",
  name,
  summary,
  formula,
  operands: ["x", "y"],
  arity: 2,
  attrs: {},
  constraints: [allBool("C1"), sameShape("C2")],
  traits: { elementwise: true, cheap: true },
  result: ([x]) => x,
  evaluate: ([x, y]) => mapBinary(f, x, y),
  kernel: () => ({ kind: "map", lane }),
  vjp: () => [null, null],
});

export const and = logic(
  "and",
  "True where both are true.",
  "out[i] = x[i] ∧ y[i]",
  (x, y) => x & y,
  (k, x, y) => k.and(x, y),
);
export const or = logic(
  "or",
  "True where at least one is true.",
  "out[i] = x[i] ∨ y[i]",
  (x, y) => x | y,
  (k, x, y) => k.or(x, y),
);

export const not: Op<1, NoAttrs> = {
  kind: "op",
  name: "not",
  summary: "True where the operand is false.",
  formula: "out[i] = ¬x[i]",
  operands: ["x"],
  arity: 1,
  attrs: {},
  constraints: [allBool("C1")],
  traits: { elementwise: true, cheap: true },
  result: ([x]) => x,
  evaluate: ([x]) => mapUnary((value) => 1 - value, x),
  kernel: () => ({ kind: "map", lane: (k, x) => k.not(x) }),
  vjp: () => [null],
};

export const select: Op<3, NoAttrs> = {
  kind: "op",
  name: "select",
  summary: "Chooses element by element between two tensors.",
  formula: "out[i] = x[i] where condition[i], else y[i]",
  operands: ["condition", "x", "y"],
  arity: 3,
  attrs: {},
  constraints: [
    { label: "C1", says: "a condition of type bool", holds: ([condition]) => condition.dtype === "bool" },
    { label: "C2", says: "x and y of one type", holds: ([, x, y]) => sameType(x, y) },
    {
      label: "C3",
      says: "a condition with the dims of x",
      holds: ([condition, x]) => sameDims(condition.dims, x.dims),
    },
  ],
  traits: { elementwise: true, cheap: true },
  result: ([, x]) => x,
  evaluate([condition, x, y]) {
    const out = new Float64Array(x.data.length);
    for (let i = 0; i < out.length; i++) out[i] = condition.data[i] !== 0 ? x.data[i] : y.data[i];
    return out;
  },
  kernel: () => ({ kind: "map", lane: (k, condition, x, y) => k.select(condition, x, y) }),
  vjp({ emit, cotangent: g, inputs: [condition] }) {
    const zero = filled(emit, g.type, 0);
    return [null, emit(select, [condition, g, zero]), emit(select, [condition, zero, g])];
  },
};

const RANGES = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/**
 * To an integer type the fraction is dropped; what is too large or too small becomes the nearest integer there is, NaN
 * becomes 0 (so do WebAssembly's saturating conversions). Between integers the bits stay. Floats are not rounded here:
 * the reference executor holds f32 in f64 throughout.
 */
function converter(from: DType, to: DType): (value: number) => number {
  if (to === "bool") return (value) => Number(value !== 0);
  if (to === "f32" || to === "f64") return (value) => value;
  if (!isFloat(from)) return wrapTo(to);
  const [least, most] = RANGES[to];
  // Adding 0 makes 0 of -0, which integers do not have.
  return (value) => (Number.isNaN(value) ? 0 : Math.min(most, Math.max(least, Math.trunc(value))) + 0);
}

export const cast: Op<1, { readonly dtype: DType }> = {
  kind: "op",
  name: "cast",
  summary: "The same numbers in another element type; to integers the fraction is dropped, to bool 0 is false.",
  formula: "out[i] = dtype(x[i])",
  operands: ["x"],
  arity: 1,
  attrs: { dtype: aDType },
  constraints: [],
  traits: { elementwise: true, cheap: true },
  result: ([x], { dtype }) => ({ dtype, dims: x.dims }),
  evaluate: ([x], { dtype }) => mapUnary(converter(x.type.dtype, dtype), x),
  kernel: (_, { dtype }) => ({ kind: "map", lane: (k, x) => k.convert(x, dtype) }),
  vjp({ emit, cotangent: g, inputs: [x] }) {
    if (isFloat(x.type.dtype)) return [emit(cast, [g], { dtype: x.type.dtype })];
    // A mask made by a comparison is piecewise constant; an index that becomes a number again is a mistake worth naming.
    return isInteger(x.type.dtype)
      ? [{ noDerivative: "an integer made from a float has no derivative, and it becomes a float again here" }]
      : [null];
  },
};

export const stopGradient: Op<1, NoAttrs> = {
  kind: "op",
  name: "stopGradient",
  summary: "The operand itself, through which no gradient flows back.",
  formula: "out[i] = x[i]",
  operands: ["x"],
  arity: 1,
  attrs: {},
  constraints: [],
  traits: { elementwise: true, cheap: true },
  result: ([x]) => x,
  evaluate: ([x]) => x.data,
  kernel: () => ({ kind: "map", lane: (_, x) => x }),
  vjp: () => [null],
};
