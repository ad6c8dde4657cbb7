/** Elementwise arithmetic. Integers wrap; an integer divided by 0 gives 0. */
import type { NoAttrs } from "../ir/attrs.js";
import { divLane } from "../kernel/division.js";
import { eq, lt, select } from "./compare.js";
import { binary, unary } from "./elementwise.js";
import type { Value, VjpRule } from "./op.js";
import { filled } from "./rules.js";

export const neg = unary({
  name: "neg",
  summary: "Negation.",
  formula: "out[i] = -x[i]",
  integersToo: true,
  cheap: true,
  linear: [[0]],
  f: (x) => -x,
  lane: (k, x) => k.neg(x),
  vjp: ({ emit, cotangent: g }) => emit(neg, [g]),
});

export const add = binary({
  name: "add",
  summary: "Sum.",
  formula: "out[i] = x[i] + y[i]",
  linear: [[0, 1]],
  f: (x, y) => x + y,
  lane: (k, x, y) => k.add(x, y),
  vjp: ({ cotangent: g }) => [g, g],
});

export const sub = binary({
  name: "sub",
  summary: "Difference.",
  formula: "out[i] = x[i] - y[i]",
  linear: [[0, 1]],
  f: (x, y) => x - y,
  lane: (k, x, y) => k.sub(x, y),
  vjp: ({ emit, cotangent: g }) => [g, emit(neg, [g])],
});

export const mul = binary({
  name: "mul",
  summary: "Product.",
  formula: "out[i] = x[i] · y[i]",
  linear: [[0], [1]],
  f: (x, y) => x * y,
  // The exact product of two 32-bit integers does not fit f64.
  integer: Math.imul,
  lane: (k, x, y) => k.mul(x, y),
  vjp: ({ emit, cotangent: g, inputs: [x, y] }) => [emit(mul, [g, y]), emit(mul, [g, x])],
});

export const div = binary({
  name: "div",
  summary: "Quotient; for integers rounded toward zero.",
  formula: "out[i] = x[i] / y[i]",
  linear: [[0]],
  f: (x, y) => x / y,
  integer: (x, y) => (y === 0 ? 0 : Math.trunc(x / y)),
  lane: divLane,
  // d(x/y) = dx/y - (x/y)·dy/y
  vjp({ emit, cotangent: g, inputs: [, y], output }) {
    const overY = emit(div, [g, y]);
    return [overY, emit(neg, [emit(mul, [overY, output])])];
  },
});

/** Derivative of max and min: 1 for the operand that was chosen, half each at a tie. */
function chosenVjp({ emit, cotangent: g, inputs: [x, y] }: VjpRule<2, NoAttrs>, xWins: Value): readonly [Value, Value] {
  const one = filled(emit, g.type, 1);
  const zero = filled(emit, g.type, 0);
  const half = filled(emit, g.type, 0.5);
  const tie = emit(eq, [x, y]);
  const shareOfX = emit(select, [tie, half, emit(select, [xWins, one, zero])]);
  return [emit(mul, [g, shareOfX]), emit(mul, [g, emit(sub, [one, shareOfX])])];
}

export const max = binary({
  name: "max",
  summary: "The larger element; NaN when either is NaN.",
  formula: "out[i] = max(x[i], y[i])",
  kinked: true,
  f: Math.max,
  lane: (k, x, y) => k.max(x, y),
  vjp: (rule) => chosenVjp(rule, rule.emit(lt, [rule.inputs[1], rule.inputs[0]])),
});

export const min = binary({
  name: "min",
  summary: "The smaller element; NaN when either is NaN.",
  formula: "out[i] = min(x[i], y[i])",
  kinked: true,
  f: Math.min,
  lane: (k, x, y) => k.min(x, y),
  vjp: (rule) => chosenVjp(rule, rule.emit(lt, [rule.inputs[0], rule.inputs[1]])),
});
