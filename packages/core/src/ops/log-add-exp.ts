/** ln(e^x + e^y): the sum of two numbers that are kept as their logarithms. */
import { logAddExpLane } from "../kernel/log-add-exp.js";
import { mul, sub } from "./arithmetic.js";
import { and, eq, select } from "./compare.js";
import { binary } from "./elementwise.js";
import type { Emit, Value } from "./op.js";
import { filled } from "./rules.js";
import { abs, sigmoid } from "./unary.js";

/** ln(e^x + e^y) in f64, without overflow and without NaN where both are the same infinity. */
export const logAddExpOf = (x: number, y: number): number =>
  x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));

/** ln(e^x / e^y), and 0 where both are the same infinity. */
export function logRatio(emit: Emit, x: Value, y: Value): Value {
  const zero = filled(emit, x.type, 0);
  const infinite = emit(eq, [emit(abs, [y]), filled(emit, y.type, Infinity)]);
  return emit(select, [emit(and, [emit(eq, [x, y]), infinite]), zero, emit(sub, [x, y])]);
}

export const logAddExp = binary({
  name: "logAddExp",
  summary:
    "Logarithm of the sum of two exponentials, without overflow. It is smooth: where both are the same infinity, each has half of the derivative.",
  formula: "out[i] = ln(e^x[i] + e^y[i])",
  f: logAddExpOf,
  lane: logAddExpLane,
  floatsOnly: true,
  cheap: false,
  vjp: ({ emit, cotangent: g, inputs: [x, y] }) => [
    emit(mul, [g, emit(sigmoid, [logRatio(emit, x, y)])]),
    emit(mul, [g, emit(sigmoid, [logRatio(emit, y, x)])]),
  ],
});
