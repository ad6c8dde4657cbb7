/** Comparison, logic, choice and conversion: where bool enters and leaves. */
import { aDType, type NoAttrs } from "../ir/attrs.js";
import type { Lanes } from "../kernel/lanes.js";
import { isFloat, isInteger, sameType, sameDims, type DType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { allBool, allNumeric, filled, mapBinary, mapUnary, sameElementType, sameShape, wrapTo } from "./rules.js";

type LaneOfTwo = <V>(k: Lanes<V>, x: V, y: V) => V;

interface TruthFacts {
  readonly name: string;
  readonly summary: string;
  readonly formula: string;
  readonly constraints: Op<2, NoAttrs>["constraints"];
  readonly f: (x: number, y: number) => boolean;
  readonly lane: LaneOfTwo;
}

/** An elementwise op of two operands whose result is bool, and so without derivative. */
const truth = ({ name, summary, formula, constraints, f, lane }: TruthFacts): Op<2, NoAttrs> => ({
  kind: "op",
  name,
  summary,
  formula,
  operands: ["x", "y"],
  arity: 2,
  attrs: {},
  constraints,
  traits: { elementwise: true, cheap: true },
  result: ([x]) => ({ dtype: "bool", dims: x.dims }),
  evaluate: ([x, y]) => mapBinary((a, b) => Number(f(a, b)), x, y),
  kernel: () => ({ kind: "map", lane }),
  vjp: () => [null, null],
});

const ofNumbers = [allNumeric("C1"), sameElementType("C2"), sameShape("C3")];
const ofBools = [allBool("C1"), sameShape("C2")];

export const eq = truth({
  name: "eq",
  summary: "Whether two elements are equal; NaN equals nothing.",
  formula: "out[i] = x[i] = y[i]",
  constraints: ofNumbers,
  f: (x, y) => x === y,
  lane: (k, x, y) => k.eq(x, y),
});

export const lt = truth({
  name: "lt",
  summary: "Whether x is less than y.",
  formula: "out[i] = x[i] < y[i]",
  constraints: ofNumbers,
  f: (x, y) => x < y,
  lane: (k, x, y) => k.lt(x, y),
});

export const le = truth({
  name: "le",
  summary: "Whether x is less than or equal to y.",
  formula: "out[i] = x[i] ≤ y[i]",
  constraints: ofNumbers,
  f: (x, y) => x <= y,
  lane: (k, x, y) => k.le(x, y),
});

export const and = truth({
  name: "and",
  summary: "True where both are true.",
  formula: "out[i] = x[i] ∧ y[i]",
  constraints: ofBools,
  f: (x, y) => x !== 0 && y !== 0,
  lane: (k, x, y) => k.and(x, y),
});

export const or = truth({
  name: "or",
  summary: "True where at least one is true.",
  formula: "out[i] = x[i] ∨ y[i]",
  constraints: ofBools,
  f: (x, y) => x !== 0 || y !== 0,
  lane: (k, x, y) => k.or(x, y),
});

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
  traits: { elementwise: true, cheap: true, linear: [[1, 2]] },
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
  traits: { elementwise: true, cheap: true, flat: true, linear: [[0]] },
  result: ([x]) => x,
  evaluate: ([x]) => x.data,
  kernel: () => ({ kind: "map", lane: (_, x) => x }),
  vjp: () => [null],
};
