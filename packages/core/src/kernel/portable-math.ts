/**
 * Exponential and logarithm of JavaScript's numbers, by sums and products alone. Math.exp, Math.log and their kin have other last bits
 * in other engines (V8's own changed between 13 and 15), so nothing that ends in a weight, a batch or a record may come from them.
 *
 * Both are fdlibm's algorithms (Ng, Sun Microsystems 1993-2004), operation for operation: what Node 20 to 26 give as
 * Math.exp and Math.log, so that runs made with those keep their bits. Errors are below 1 ulp.
 */
import type { LaneFunction } from "./kernel.js";
import { laneOf, numberLanes, numberOf } from "./number-lanes.js";

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

/** Of r·(e^r + 1)/(e^r - 1) - 2 in r², from r² up; Remez on [0, 0.34658]. */
const EXP_P = [
  1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
  4.13813679705723846039e-8,
] as const;
/** exp is infinite above, and 0 below. */
const LARGEST_OF_EXP = 7.09782712893383973096e2;
const LEAST_OF_EXP = -7.4513321910194110842e2;

/** Of (ln(1 + s) - ln(1 - s) - 2s) / s in s², odd places and even ones; Remez on [0, 0.1716]. */
const LOG_ODD = [
  6.66666666666673513e-1, 2.857142874366239149e-1, 1.818357216161805012e-1, 1.479819860511658591e-1,
] as const;
const LOG_EVEN = [3.999999999940941908e-1, 2.222219843214978396e-1, 1.531383769920937332e-1] as const;

const number = Float64Array.of(1);
const halves = new Int32Array(number.buffer);
/** Which half of a number is the upper one on this machine: that of 1 is not 0. */
const UPPER = halves[0] === 0 ? 1 : 0;
/** Sign, exponent and the first 20 bits of the mantissa. */
function upperBits(x: number): number {
  number[0] = x;
  return halves[UPPER];
}
function withUpperBits(x: number, bits: number): number {
  number[0] = x;
  halves[UPPER] = bits;
  return number[0];
}
/** 2^n for -1022 <= n <= 1023. */
const powerOfTwo = (n: number): number => withUpperBits(0, (n + 1023) << 20);

/** y · 2^n, also where 2^n or the result is not a normal number. */
function scaled(y: number, n: number): number {
  if (n === 1024) return y * 2 * powerOfTwo(1023);
  return n >= -1021 ? y * powerOfTwo(n) : y * powerOfTwo(n + 1000) * powerOfTwo(-1000);
}

/** e^x, within 1 ulp; the same bits in every engine. */
export function portableExp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > LARGEST_OF_EXP) return Infinity;
  if (x < LEAST_OF_EXP) return 0;
  const magnitude = upperBits(x) & 0x7fffffff;
  // Below 2^-28.
  if (magnitude < 0x3e300000) return 1 + x;
  // x = n·ln2 + r with r = high - low; n is 0 up to ln2 / 2, and 1 or -1 up to 3/2 ln2.
  let n = 0;
  if (magnitude > 0x3fd62e42) {
    // The sum below would miss the last bit of e.
    if (x === 1) return Math.E;
    const sign = x < 0 ? -1 : 1;
    n = magnitude < 0x3ff0a2b2 ? sign : Math.trunc(1.442695040888963387 * x + sign * 0.5);
  }
  const high = x - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c = r - t * (EXP_P[0] + t * (EXP_P[1] + t * (EXP_P[2] + t * (EXP_P[3] + t * EXP_P[4]))));
  if (n === 0) return 1 - ((r * c) / (c - 2) - r);
  return scaled(1 - (low - (r * c) / (2 - c) - high), n);
}

/** ln x, within 1 ulp: -∞ for 0, NaN below; the same bits in every engine. */
export function portableLog(x: number): number {
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  if (Number.isNaN(x) || x === Infinity) return x;
  const isSubnormal = x < 2 ** -1022;
  const normal = isSubnormal ? x * 2 ** 54 : x;
  // normal = 2^n · (1 + f) with 1 + f between √½ and √2.
  const bits = upperBits(normal);
  const mantissa = bits & 0xfffff;
  const carry = (mantissa + 0x95f64) & 0x100000;
  const n = (bits >> 20) - 1023 + (carry >> 20) - (isSubnormal ? 54 : 0);
  const f = withUpperBits(normal, mantissa | (carry ^ 0x3ff00000)) - 1;
  const [high, low] = [n * LN2_HIGH, n * LN2_LOW];
  // |f| < 2^-20
  if ((0xfffff & (2 + mantissa)) < 3) {
    if (f === 0) return n === 0 ? 0 : high + low;
    const rest = f * f * (0.5 - (1 / 3) * f);
    return n === 0 ? f - rest : high - (rest - low - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (LOG_EVEN[0] + w * (LOG_EVEN[1] + w * LOG_EVEN[2]));
  const odd = z * (LOG_ODD[0] + w * (LOG_ODD[1] + w * (LOG_ODD[2] + w * LOG_ODD[3])));
  const rest = odd + even;
  // 1 + f above 0.71 and up to √2: half of f² apart loses less.
  if (((mantissa - 0x6147a) | (0x6b851 - mantissa)) > 0) {
    const half = 0.5 * f * f;
    return n === 0 ? f - (half - s * (half + rest)) : high - (half - (s * (half + rest) + low) - f);
  }
  return n === 0 ? f - s * (f - rest) : high - (s * (f - rest) - low - f);
}

const lanes = numberLanes();

/** A lane function on numbers of f64: what compiled code gives in f64, slowly. For numbers that are known while a graph is built. */
export const onNumbers =
  (lane: LaneFunction) =>
  (...operands: readonly number[]): number =>
    numberOf(lane(lanes, ...operands.map((value) => laneOf("f64", value))));
