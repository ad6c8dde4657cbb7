/** pow and mod, whose derivatives need logarithm and floor. */
import { modLane } from "../kernel/division.js";
import { powLane } from "../kernel/power.js";
import { div, mul, neg, sub } from "./arithmetic.js";
import { eq, lt, select } from "./compare.js";
import { binary } from "./elementwise.js";
import { filled } from "./rules.js";
import { floor, log } from "./unary.js";

export const pow = binary({
  name: "pow",
  summary: "Power; NaN for a negative base with a fractional exponent.",
  formula: "out[i] = x[i]^y[i]",
  f: (x, y) => x ** y,
  lane: powLane,
  floatsOnly: true,
  cheap: false,
  // dx = y·x^(y-1), where y = 0 means 0 also at x = 0; dy = x^y·ln x, taken as 0 where ln x does not exist.
  vjp({ emit, cotangent: g, inputs: [x, y], output }) {
    const zero = filled(emit, x.type, 0);
    const one = filled(emit, x.type, 1);
    const isConstant = emit(eq, [y, zero]);
    // Of what is not chosen the derivative counts as well: 0^(-1) would make that of a derivative NaN.
    const slope = emit(mul, [y, emit(pow, [x, emit(select, [isConstant, one, emit(sub, [y, one])])])]);
    const safeBase = emit(select, [emit(lt, [zero, x]), x, one]);
    return [
      emit(mul, [g, emit(select, [isConstant, zero, slope])]),
      emit(mul, [g, emit(mul, [output, emit(log, [safeBase])])]),
    ];
  },
});

/** x - y·⌊x/y⌋ as if nothing were rounded on the way; a rounded quotient may be off by a whole y. */
function flooredRemainder(x: number, y: number): number {
  if (!Number.isFinite(y)) return NaN;
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

export const mod = binary({
  name: "mod",
  summary: "Remainder of the division rounded down; it has the sign of the divisor.",
  formula: "out[i] = x[i] - y[i]·floor(x[i] / y[i])",
  f: flooredRemainder,
  integer: (x, y) => (y === 0 ? 0 : x - y * Math.floor(x / y)),
  lane: modLane,
  vjp: ({ emit, cotangent: g, inputs: [x, y] }) => [g, emit(neg, [emit(mul, [g, emit(floor, [emit(div, [x, y])])])])],
});
