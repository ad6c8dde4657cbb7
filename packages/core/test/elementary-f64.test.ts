/**
 * Elementary functions of f64 over number lanes: error against exact arithmetic on samples, limits, NaN and signed zero. The limits are what
 * some thousand samples gave, rounded up. LATCHGRAD_SAMPLES says how many to take of each.
 */
import { describe, expect, test } from "vitest";
import { modLane } from "../src/kernel/division.js";
import { erfLane } from "../src/kernel/error-function.js";
import { expLane, expm1Lane, sigmoidLane, tanhLane } from "../src/kernel/exponential.js";
import type { Lanes } from "../src/kernel/lanes.js";
import { log1pLane, logLane } from "../src/kernel/logarithm.js";
import { laneOf, numberLanes, numberOf } from "../src/kernel/number-lanes.js";
import { powLane, rsqrtLane } from "../src/kernel/power.js";
import { cosLane, sinLane } from "../src/kernel/trigonometric.js";
import { mod } from "../src/ops/power.js";
import { f64 } from "../src/shape/tensor-type.js";
import { exactFunctions, exactPower, ulpsFrom } from "./exact-functions.js";
import { randomFrom } from "./random.js";

type Unary = <V>(k: Lanes<V>, x: V) => V;

const SAMPLES = Number(process.env.LATCHGRAD_SAMPLES ?? 300);
const plain = numberLanes();
const variants = [
  ["two roundings", plain],
  ["fused", numberLanes({ fused: true })],
] as const;

const unaryOf =
  (lane: Unary, k = plain) =>
  (x: number): number =>
    numberOf(lane(k, laneOf("f64", x)));

/** Largest error in ulp, where the function is neither linear nor constant, and points where forms change or that were bad. */
const unaries = {
  exp: [expLane, 1.2, [1e-8, 750], [-0.9962403040091234, -744.9, 709.78, -708.5]],
  expm1: [expm1Lane, 1.9, [1e-8, 750], [0.385184066839947, 709.78, -37]],
  log: [logLane, 0.9, [0.1, 10], [2 ** -1074, Number.MAX_VALUE, Math.SQRT1_2, 1 - 2 ** -53, 1 + 2 ** -52]],
  log1p: [log1pLane, 0.9, [1e-9, 10], [-1 + 2 ** -53, 2 ** -1074, Math.SQRT2 - 1]],
  tanh: [tanhLane, 1.96, [1e-6, 22], [0.19913750580304426, 2 ** -1074]],
  sigmoid: [sigmoidLane, 2, [1e-8, 750], [-1.3650204996197685e-8, -744.4, -708.5]],
  // The last is the f64 that lies nearest to a multiple of π/2: Muller, Elementary Functions, 2006, 11.2.
  sin: [sinLane, 1.62, [0.01, 1e7], [-3429784.3227515463, 1e22, Number.MAX_VALUE, 6381956970095103 * 2 ** 797]],
  cos: [cosLane, 1.62, [0.01, 1e7], [-1.8559151150235968e36, 1e22, Number.MAX_VALUE, 6381956970095103 * 2 ** 797]],
  erf: [erfLane, 1.3, [0.01, 6.2], [0.85, 1.0780496864671907, 2 ** -1074]],
  rsqrt: [rsqrtLane, 1.5, [1, 4], [1.000702367105058]],
} as const;
const POSITIVE: readonly string[] = ["log", "rsqrt"];

const view = new DataView(new ArrayBuffer(8));

describe.each(variants)("error in units of the last place, %s", (_variant, k) => {
  test.each(Object.keys(unaries) as readonly (keyof typeof unaries)[])("%s", (name) => {
    const [lane, limit, [low, high], points] = unaries[name];
    const random = randomFrom(name);
    const samples = Array.from({ length: SAMPLES }, (_, i) => {
      view.setUint32(0, Math.floor(random() * 0x7fe00000));
      view.setUint32(4, Math.floor(random() * 2 ** 32));
      const magnitude = i % 5 === 0 ? view.getFloat64(0) : low * (high / low) ** random();
      return POSITIVE.includes(name) || i % 2 === 0 ? magnitude : -magnitude;
    });
    for (const x of [...samples, ...points]) {
      if (name === "log1p" && x <= -1) continue;
      const got = unaryOf(lane, k)(x);
      expect(ulpsFrom(got, exactFunctions[name](x)), `${name}(${x}) = ${got}`).toBeLessThanOrEqual(limit);
    }
  });

  test("pow", () => {
    const random = randomFrom("pow");
    for (let i = 0; i < SAMPLES; i++) {
      const base = i % 2 === 0 ? 1 + (random() - 0.5) * 1e-3 * random() : 4 * random();
      const y = i % 3 === 0 ? 20 * random() - 10 : (2100 * random() - 1080) / Math.log2(base);
      const got = numberOf(powLane(k, laneOf("f64", base), laneOf("f64", y)));
      expect(ulpsFrom(got, exactPower(base, y)), `${base} ** ${y} = ${got}`).toBeLessThanOrEqual(1.4);
    }
  });

  test("mod by the largest divisors, and the definition beside it", () => {
    const f = (x: number, y: number): number => numberOf(modLane(k, laneOf("f64", x), laneOf("f64", y)));
    const pairs = [
      [1, Number.MAX_VALUE],
      [-1, -Number.MAX_VALUE],
      [-1, Number.MAX_VALUE],
      [0, Number.MAX_VALUE],
      [1, 0.1],
      [-1, 0.1],
      [3, 1 - 2 ** -53],
    ];
    const expected = [1, -1, Number.MAX_VALUE, 0, 1 % 0.1, 0.1 - (1 % 0.1), 3 * 2 ** -53];
    expect(pairs.map(([x, y]) => f(x, y))).toEqual(expected);
    const tensor = (data: readonly number[]) => ({ type: f64(data.length), data: Float64Array.from(data) });
    const operands = [tensor(pairs.map(([x]) => x)), tensor(pairs.map(([, y]) => y))] as const;
    // A quotient that is rounded to a whole number made the definition wrong by a whole divisor.
    expect(Array.from(mod.evaluate(operands, {}, f64(pairs.length)))).toEqual(expected);
  });

  test("mod is exact where the quotient is long", () => {
    const random = randomFrom("mod");
    for (let i = 0; i < SAMPLES; i++) {
      const [x, y] = [random() * 2 ** (300 * random() - 100), random() * 2 ** (40 * random())];
      if (!(x / y < 2 ** 211)) continue;
      expect(numberOf(modLane(k, laneOf("f64", x), laneOf("f64", y))), `${x} mod ${y}`).toBe(x % y);
    }
  });
});

const LEAST = 2 ** -1074;
describe.each(variants)("limits, signed zero and NaN, %s", (_variant, k) => {
  test.each<readonly [string, Unary, readonly number[], readonly number[]]>([
    ["exp", expLane, [-Infinity, Infinity, 0, -0, -800, 800, NaN], [0, Infinity, 1, 1, 0, Infinity, NaN]],
    ["expm1", expm1Lane, [-Infinity, Infinity, 0, -0, LEAST, -LEAST, NaN], [-1, Infinity, 0, -0, LEAST, -LEAST, NaN]],
    ["log", logLane, [0, -0, Infinity, -Infinity, -1, 1, NaN], [-Infinity, -Infinity, Infinity, NaN, NaN, 0, NaN]],
    ["log1p", log1pLane, [-1, -2, Infinity, 0, -0, LEAST, NaN], [-Infinity, NaN, Infinity, 0, -0, LEAST, NaN]],
    ["tanh", tanhLane, [Infinity, -Infinity, 0, -0, LEAST, -LEAST, 1e300, NaN], [1, -1, 0, -0, LEAST, -LEAST, 1, NaN]],
    ["sigmoid", sigmoidLane, [Infinity, -Infinity, 0, -0, 1e300, -800, NaN], [1, 0, 0.5, 0.5, 1, 0, NaN]],
    ["sin", sinLane, [0, -0, LEAST, -LEAST, Infinity, -Infinity, NaN], [0, -0, LEAST, -LEAST, NaN, NaN, NaN]],
    ["cos", cosLane, [0, -0, LEAST, Infinity, -Infinity, NaN], [1, 1, 1, NaN, NaN, NaN]],
    ["erf", erfLane, [0, -0, Infinity, -Infinity, 7, -7, LEAST, NaN], [0, -0, 1, -1, 1, -1, LEAST, NaN]],
    ["rsqrt", rsqrtLane, [0, -0, Infinity, 4, -1, NaN], [Infinity, -Infinity, 0, 0.5, NaN, NaN]],
  ])("%s", (_name, lane, x, expected) => {
    expect(x.map(unaryOf(lane, k))).toEqual(expected);
  });

  test("pow has the special values of JavaScript", () => {
    const operands = [0, 0.5, 1, 2, 3, 2.5, 2 ** 53, Number.MAX_VALUE, LEAST, Infinity].flatMap((x) => [x, -x]);
    for (const x of [...operands, NaN])
      for (const y of [...operands, NaN]) {
        const exact = x ** y;
        if (exact !== 0 && Number.isFinite(exact)) continue;
        expect(numberOf(powLane(k, laneOf("f64", x), laneOf("f64", y))), `${x} ** ${y}`).toBe(exact);
      }
  });
});
