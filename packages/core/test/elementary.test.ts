/**
 * Elementary functions over number lanes: error against f64 over all f32, limits, NaN, signed zero. The limits are what was
 * measured, rounded up, so that a change for the worse shows; samples a hundred times as dense and every f32 of the
 * worst intervals gave the points that are tried here by name. LATCHGRAD_TABLES=1 prints what this run measures.
 */
import { afterAll, describe, expect, test } from "vitest";
import { divLane, modLane } from "../src/kernel/division.js";
import { erfLane } from "../src/kernel/error-function.js";
import { expLane, expm1Lane, sigmoidLane, tanhLane } from "../src/kernel/exponential.js";
import type { Lanes } from "../src/kernel/lanes.js";
import { logAddExpLane } from "../src/kernel/log-add-exp.js";
import { log1pLane, logLane } from "../src/kernel/logarithm.js";
import { laneOf, numberLanes, numberOf, type NumberLane } from "../src/kernel/number-lanes.js";
import { powLane, rsqrtLane } from "../src/kernel/power.js";
import { signLane } from "../src/kernel/sign.js";
import { cosLane, sinLane } from "../src/kernel/trigonometric.js";
import { erfOf } from "../src/ops/erf.js";
import { logAddExpOf } from "../src/ops/log-add-exp.js";
import type { DType } from "../src/shape/tensor-type.js";

type LaneFunction = <V>(k: Lanes<V>, ...operands: readonly V[]) => V;
type Unary = <V>(k: Lanes<V>, x: V) => V;
type Binary = <V>(k: Lanes<V>, x: V, y: V) => V;

const PROMISED_ULPS = 2;
const plain = numberLanes();
const fused = numberLanes({ fused: true });
const variants = [
  ["two roundings", plain],
  ["fused", fused],
] as const;

const unaryOf =
  (lane: Unary, k = plain) =>
  (x: number): number =>
    numberOf(lane(k, laneOf("f32", x)));
const binaryOf =
  (lane: Binary, k = plain, dtype: DType = "f32") =>
  (x: number, y: number): number =>
    numberOf(lane(k, laneOf(dtype, x), laneOf(dtype, y)));

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
/** V8 and the definition agree on everything but 1^±∞, which JavaScript makes NaN. */
const power = (x: number, y: number): number => x ** y;
function flooredRemainder(x: number, y: number): number {
  const left = x % y;
  return left !== 0 && left < 0 !== y < 0 ? left + y : left;
}

const view = new DataView(new ArrayBuffer(4));
function fromBits(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}
function bitsOf(x: number): number {
  view.setFloat32(0, x);
  return view.getUint32(0);
}

const LARGEST = fromBits(0x7f7fffff);
const LEAST_NORMAL = 2 ** -126;
const LEAST = 2 ** -149;

/** Distance of an f32 from the exact result, in spacings of f32 at the exact result. Infinity counts as 2^128. */
/** The distance of f32 numbers around x. */
function ulpOf(x: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), -126);
  // Math.log2 may round up to the next whole number.
  const binade = 2 ** exponent > Math.abs(x) ? Math.max(exponent - 1, -126) : exponent;
  return 2 ** (binade - 23);
}

function ulpsBetween(got: number, exact: number): number {
  if (Number.isNaN(got) || Number.isNaN(exact)) return Number.isNaN(got) && Number.isNaN(exact) ? 0 : Infinity;
  if (Math.abs(exact) >= 2 ** 128) return got === Math.sign(exact) * Infinity ? 0 : Infinity;
  const finite = Number.isFinite(got) ? got : Math.sign(got) * 2 ** 128;
  return Math.abs(finite - exact) / ulpOf(exact);
}

/** xorshift32: the same points in every run. */
function randomBits(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Both signs of f32 with every bit pattern between those of low and high equally likely. */
function sampled(low: number, high: number, count: number, seed = 1): readonly number[] {
  const next = randomBits(seed);
  const [from, to] = [bitsOf(low), bitsOf(high)];
  return Array.from({ length: count }, () => {
    const magnitude = fromBits(from + Math.floor((next() / 2 ** 32) * (to - from + 1)));
    return next() % 2 === 0 ? magnitude : -magnitude;
  });
}

/** The f32 around `x`, with both signs. */
function around(x: number): readonly number[] {
  const bits = bitsOf(Math.abs(x));
  const near = [-3, -2, -1, 0, 1, 2, 3].map((step) => bits + step).filter((b) => b >= 0 && b <= 0x7f7fffff);
  return near.flatMap((b) => [fromBits(b), -fromBits(b)]);
}

const powersOfTwo = Array.from({ length: 277 }, (_, i) => 2 ** (i - 149)).flatMap(around);
const multiplesOf = (unit: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (i + 1) * unit).flatMap(around);

interface Measured {
  readonly lane: Unary;
  readonly exact: (x: number) => number;
  /** Largest error in ulp: with two roundings for a multiply-add, and fused. */
  readonly ulps: readonly [number, number];
  /** Operations of Lanes, without constants and bitcasts. */
  readonly operations: number;
  /** Where the function is neither linear nor constant. */
  readonly active: readonly [number, number];
  /** Where reductions and forms change, and the worst points known. */
  readonly points: readonly number[];
}

const unaries: Readonly<Record<string, Measured>> = {
  exp: {
    lane: expLane,
    exact: Math.exp,
    ulps: [1.17, 0.89],
    operations: 18,
    active: [1e-6, 104],
    points: [...multiplesOf(Math.LN2 / 2, 310), ...[88.722839, 87.336544, 103.972077].flatMap(around), 26.0268002],
  },
  expm1: {
    lane: expm1Lane,
    exact: Math.expm1,
    ulps: [1.7, 1.56],
    operations: 20,
    active: [1e-6, 89],
    points: [...multiplesOf(Math.LN2 / 2, 260), 0.393767327, 0.38135612],
  },
  log: {
    lane: logLane,
    exact: Math.log,
    ulps: [0.88, 0.88],
    operations: 32,
    active: [0.1, 10],
    points: [...around(Math.SQRT1_2), ...around(Math.SQRT2), 0.706996262, 0.70684588],
  },
  log1p: {
    lane: log1pLane,
    exact: Math.log1p,
    ulps: [0.9, 0.9],
    operations: 37,
    active: [1e-8, 10],
    points: [...around(Math.SQRT2 - 1), ...around(Math.SQRT1_2 - 1), 0.409488767, 0.412955582],
  },
  tanh: {
    lane: tanhLane,
    exact: Math.tanh,
    ulps: [1.96, 1.94],
    operations: 20,
    active: [1e-4, 10],
    points: [...multiplesOf(Math.LN2 / 4, 60), 0.518994451, 0.519162774, 8.14450359],
  },
  sigmoid: {
    lane: sigmoidLane,
    exact: sigmoid,
    ulps: [2, 2],
    operations: 18,
    active: [1e-7, 104],
    points: [...multiplesOf(Math.LN2 / 2, 310), ...[87.336544, 88.722839, 103.972077].flatMap(around), -0.000344991829],
  },
  sin: {
    lane: sinLane,
    exact: Math.sin,
    ulps: [1.62, 1.62],
    operations: 34,
    active: [0.01, 3200],
    points: [...multiplesOf(Math.PI / 2, 2100), 2.99490381e9, 2861.19971],
  },
  cos: {
    lane: cosLane,
    exact: Math.cos,
    ulps: [1.62, 1.62],
    operations: 33,
    active: [0.01, 3200],
    points: [...multiplesOf(Math.PI / 2, 2100), 2883.25708, 2459.09131],
  },
  erf: {
    lane: erfLane,
    exact: erfOf,
    ulps: [1.3, 1.15],
    operations: 38,
    active: [0.01, 4],
    points: [...around(0.85), 0.932657123, 0.850163937],
  },
  rsqrt: {
    lane: rsqrtLane,
    exact: (x) => 1 / Math.sqrt(x),
    ulps: [1.5, 1.5],
    operations: 2,
    active: [1, 4],
    points: [1.2164041e24],
  },
};

const binaries: Readonly<
  Record<string, { readonly operations: number; readonly lane: Binary; readonly ulps: readonly [number, number] }>
> = {
  pow: { lane: powLane, ulps: [1.31, 1.01], operations: 194 },
  mod: { lane: modLane, ulps: [0.5, 0.5], operations: 41 },
  logAddExp: { lane: logAddExpLane, ulps: [1.4, 1.2], operations: 63 },
};

const table: string[] = [];
afterAll(() => {
  if (process.env.LATCHGRAD_TABLES !== undefined)
    console.log(["function  multiply-add    max ulp  at", ...table].join("\n"));
});

function record(name: string, variant: string, worst: number, at: readonly number[]): void {
  table.push(`${name.padEnd(10)}${variant.padEnd(16)}${worst.toFixed(3).padEnd(9)}${at.join(", ")}`);
}

describe("error in units of the last place", () => {
  const cases = Object.entries(unaries).flatMap(([name, facts]) =>
    variants.map(([variant, k], i) => ({ name, variant, facts, k, limit: facts.ulps[i] })),
  );
  test.each(cases)("$name, $variant: at most $limit", ({ name, variant, facts, k, limit }) => {
    const f = unaryOf(facts.lane, k);
    const samples = [
      ...sampled(0, LARGEST, 25_000),
      ...sampled(facts.active[0], facts.active[1], 50_000),
      ...powersOfTwo,
      ...facts.points,
    ];
    let worst = 0;
    let at = 0;
    for (const sample of samples) {
      const x = Math.fround(sample);
      const error = ulpsBetween(f(x), facts.exact(x));
      if (!(error > worst)) continue;
      worst = error;
      at = x;
    }
    record(name, variant, worst, [at]);
    expect(worst, `at ${at}: ${f(at)}, exactly ${facts.exact(at)}`).toBeLessThanOrEqual(limit);
    expect(limit).toBeLessThanOrEqual(PROMISED_ULPS);
  });

  const next = randomBits(7);
  const uniform = (low: number, high: number): number => low + (next() / 2 ** 32) * (high - low);
  const any = (): number => fromBits(next());
  /** Bases and exponents with results all over the range, near 1, of common size, and any two. */
  const powers = Array.from({ length: 10_000 }, () => {
    const base = fromBits(next() >>> 1);
    const nearOne = Math.fround(1 + uniform(-1e-3, 1e-3) * uniform(0, 1));
    return [
      [base, uniform(-152, 129) / Math.log2(base)],
      [nearOne, uniform(-152, 129) / Math.log2(nearOne)],
      [uniform(0, 4), uniform(-10, 10)],
      [uniform(-10, 0), Math.round(uniform(-30, 30))],
      [any(), any()],
    ];
  }).flat();
  /** Operands of common size, exact multiples, long quotients, and any two whose quotient is within the stated bound. */
  const remainders = Array.from({ length: 10_000 }, () => {
    const divisor = uniform(-10, 10);
    const tiny = Math.fround(uniform(-1, 1) * 2 ** uniform(-60, 40));
    return [
      [uniform(-100, 100), divisor],
      [Math.round(uniform(-1e6, 1e6)) * Math.fround(divisor), divisor],
      [tiny * uniform(-1, 1) * 2 ** uniform(0, 95), tiny],
      [any(), any()],
    ].filter(([x, y]) => Math.abs(Math.fround(x) / Math.fround(y)) < 2 ** 95 && Number.isFinite(y));
  }).flat();
  /** Both at least 0, so that nothing cancels: of common size, near each other, far apart, and softplus. */
  const logarithms = Array.from({ length: 10_000 }, () => {
    const x = uniform(0, 90);
    return [
      [x, uniform(0, 90)],
      [x, x + uniform(-1, 1) * uniform(0, 1) ** 4],
      [x, x * 2 ** -uniform(0, 30)],
      [uniform(-90, 20), 0],
      [Math.abs(any()), Math.abs(any())],
    ].filter((pair) => pair.every(Number.isFinite));
  }).flat();
  const binaryCases = [
    ["logAddExp", logAddExpOf, logarithms],
    ["pow", power, powers],
    ["mod", flooredRemainder, remainders],
  ] as const;
  test.each(binaryCases.flatMap((facts) => variants.map((variant, i) => [...facts, ...variant, i] as const)))(
    "%s",
    (name, exact, pairs, variant, k, i) => {
      const f = binaryOf(binaries[name].lane, k);
      let worst = 0;
      let at: readonly number[] = [];
      for (const pair of pairs) {
        const [x, y] = pair.map(Math.fround);
        const error = ulpsBetween(f(x, y), exact(x, y));
        if (!(error > worst)) continue;
        worst = error;
        at = [x, y];
      }
      record(name, variant, worst, at);
      expect(worst, `at ${at.join(", ")}`).toBeLessThanOrEqual(binaries[name].ulps[i]);
    },
  );
});

describe("cost", () => {
  const free = new Set(["typeOf", "constant", "bitcast"]);
  /** Lanes that count what is asked of them; `rarely` counts one and nothing of what it may skip. */
  function counting(k: Lanes<NumberLane>): { readonly k: Lanes<NumberLane>; operations: () => number } {
    let operations = 0;
    const counted = new Proxy(k, {
      get(target, name: keyof Lanes<NumberLane>) {
        if (name === "rarely") operations++;
        else if (!free.has(name))
          return (...args: never[]) => {
            operations++;
            return (target[name] as (...args: never[]) => unknown)(...args);
          };
        return name === "rarely" ? (_mask: NumberLane, usual: readonly NumberLane[]) => usual : target[name];
      },
    });
    return { k: counted, operations: () => operations };
  }
  const lanes: readonly (readonly [string, LaneFunction, number, number])[] = [
    ...Object.entries(unaries).map(([name, f]) => [name, f.lane, 1, f.operations] as const),
    ...Object.entries(binaries).map(([name, f]) => [name, f.lane, 2, f.operations] as const),
  ];
  test.each(lanes)("%s", (_name, lane, arity, expected) => {
    const { k, operations } = counting(plain);
    lane(k, ...Array.from({ length: arity }, () => laneOf("f32", 1)));
    expect(operations()).toBe(expected);
  });
});

describe.each(variants)("limits, signed zero and NaN, %s", (_variant, k) => {
  test.each<readonly [string, Unary, readonly number[], readonly number[]]>([
    ["exp", expLane, [-Infinity, Infinity, 0, -0, -200, 200, NaN], [0, Infinity, 1, 1, 0, Infinity, NaN]],
    ["expm1", expm1Lane, [-Infinity, Infinity, 0, -0, LEAST, -LEAST, NaN], [-1, Infinity, 0, -0, LEAST, -LEAST, NaN]],
    [
      "log",
      logLane,
      [0, -0, Infinity, -Infinity, -1, -LEAST, 1, NaN],
      [-Infinity, -Infinity, Infinity, NaN, NaN, NaN, 0, NaN],
    ],
    [
      "log1p",
      log1pLane,
      [-1, -2, -Infinity, Infinity, 0, -0, LEAST, NaN],
      [-Infinity, NaN, NaN, Infinity, 0, -0, LEAST, NaN],
    ],
    ["tanh", tanhLane, [Infinity, -Infinity, 0, -0, LEAST, -LEAST, 1e30, NaN], [1, -1, 0, -0, LEAST, -LEAST, 1, NaN]],
    ["sigmoid", sigmoidLane, [Infinity, -Infinity, 0, -0, 1e30, -1e30, -104, NaN], [1, 0, 0.5, 0.5, 1, 0, 0, NaN]],
    ["sin", sinLane, [0, -0, LEAST, -LEAST, Infinity, -Infinity, NaN], [0, -0, LEAST, -LEAST, NaN, NaN, NaN]],
    ["cos", cosLane, [0, -0, LEAST, Infinity, -Infinity, NaN], [1, 1, 1, NaN, NaN, NaN]],
    ["erf", erfLane, [0, -0, Infinity, -Infinity, 5, -5, LEAST, NaN], [0, -0, 1, -1, 1, -1, LEAST, NaN]],
    ["rsqrt", rsqrtLane, [0, -0, Infinity, 4, -1, NaN], [Infinity, -Infinity, 0, 0.5, NaN, NaN]],
    ["sign", signLane, [0, -0, 3, -LEAST, Infinity, -Infinity, NaN], [0, -0, 1, -1, 1, -1, NaN]],
  ])("%s", (_name, lane, x, expected) => {
    expect(x.map(unaryOf(lane, k))).toEqual(expected);
  });

  test("pow has the special values of JavaScript", () => {
    const numbers = [0, 0.5, 1, 2, 3, 2.5, 2 ** 24, 2 ** 24 + 2, LARGEST, LEAST, Infinity].flatMap((x) => [x, -x]);
    const operands = [...numbers, NaN];
    for (const x of operands)
      for (const y of operands) {
        const exact = Math.fround(power(x, y));
        const got = binaryOf(powLane, k)(x, y);
        if (exact === 0 || !Number.isFinite(exact)) expect(got, `${x} ** ${y}`).toBe(exact);
        else expect(ulpsBetween(got, exact), `${x} ** ${y}`).toBeLessThanOrEqual(PROMISED_ULPS);
      }
  });

  test("logAddExp is within 2 ulp of the larger operand where signs cancel", () => {
    const f = binaryOf(logAddExpLane, k);
    const next = randomBits(11);
    for (let i = 0; i < 20_000; i++) {
      const x = Math.fround((next() / 2 ** 32 - 1) * 3);
      const y = Math.fround(
        Math.log1p(-Math.exp(x)) * (1 + (next() / 2 ** 32 - 0.5) * 2 ** (-24 * (next() / 2 ** 32))),
      );
      if (!Number.isFinite(y)) continue;
      const error = Math.abs(f(x, y) - logAddExpOf(x, y));
      expect(error, `${x}, ${y}`).toBeLessThanOrEqual(2 * ulpOf(Math.max(Math.abs(x), Math.abs(y))));
    }
  });

  test("logAddExp of infinities", () => {
    const f = binaryOf(logAddExpLane, k);
    const x = [-Infinity, Infinity, -Infinity, Infinity, 5, NaN, -Infinity];
    const y = [-Infinity, Infinity, Infinity, 5, -Infinity, 1, NaN];
    expect(x.map((value, i) => f(value, y[i]))).toEqual([-Infinity, Infinity, Infinity, Infinity, 5, NaN, NaN]);
  });

  test("mod has the sign of the divisor", () => {
    const f = binaryOf(modLane, k);
    const x = [5, -5, 5, -5, 6, -6, 0, -0, 1, Infinity, 1, NaN, 1, -(2 ** -100), LARGEST, 1, 0, -1];
    const y = [3, 3, -3, -3, 3, 3, 3, 3, 0, 3, Infinity, 1, NaN, 1, 2 ** 10, LARGEST, LARGEST, -LARGEST];
    const expected = [2, 1, -1, -2, 0, 0, 0, 0, NaN, NaN, NaN, NaN, NaN, 1, 0, 1, 0, -1];
    expect(x.map((value, i) => f(value, y[i]))).toEqual(expected);
  });
});

describe("where results are subnormal or the largest", () => {
  const least = [expLane, sigmoidLane].map((lane) => unaryOf(lane));
  test("exp and sigmoid fall to 0 through the subnormal numbers", () => {
    for (const f of least) {
      expect(f(-103.9)).toBe(LEAST);
      expect(f(-104)).toBe(0);
      expect(f(-100)).toBeGreaterThan(0);
      expect(f(-88)).toBeLessThan(LEAST_NORMAL);
    }
  });

  test("exp and expm1 overflow where f32 ends, and not before", () => {
    const last = fromBits(bitsOf(Math.log(LARGEST)));
    for (const f of [expLane, expm1Lane].map((lane) => unaryOf(lane))) {
      const edge = around(last).filter((x) => x > 0);
      expect(edge.map(f).map(Number.isFinite)).toEqual(edge.map((x) => Math.fround(Math.exp(x)) < Infinity));
    }
  });
});

test("tanh and erf stay within [-1, 1], sigmoid within [0, 1]", () => {
  for (const [, k] of variants)
    for (const x of sampled(1, 100, 10_000, 3)) {
      expect(Math.abs(unaryOf(tanhLane, k)(x)) <= 1 && Math.abs(unaryOf(erfLane, k)(x)) <= 1).toBe(true);
      expect(unaryOf(sigmoidLane, k)(x) <= 1 && unaryOf(sigmoidLane, k)(x) >= 0).toBe(true);
    }
});

describe("integers", () => {
  const INT_MIN = -(2 ** 31);
  const special = [0, 1, 2, 3, 7, 0xffff, 0x10000, 0xffffff, 0x1000001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];
  const next = randomBits(11);
  const random = Array.from({ length: 20_000 }, () => [next() >>> (next() % 32), next() >>> (next() % 32)]);
  /** Quotients next to a whole number. */
  const exact = random.map(([x, y]) => [y * Math.floor(x / Math.max(y, 1)) - (x % 3) + 1, y]);
  const pairs = [
    ...special.flatMap((x) =>
      special.flatMap((y) => [
        [x, y],
        [-x, y],
      ]),
    ),
    ...random,
    ...exact,
  ];

  test.each(["i32", "u32"] as const)("div and mod of %s", (dtype) => {
    const wrap = (x: number): number => numberOf(laneOf(dtype, x));
    const quotient = binaryOf(divLane, plain, dtype);
    const remainder = binaryOf(modLane, plain, dtype);
    for (const [a, b] of pairs) {
      const [x, y] = [wrap(a), wrap(b)];
      expect(quotient(x, y), `${x} / ${y}`).toBe(y === 0 ? 0 : wrap(Math.trunc(x / y)));
      expect(remainder(x, y), `${x} mod ${y}`).toBe(y === 0 ? 0 : wrap(x - y * Math.floor(x / y)));
    }
  });

  test("the least i32 divided by -1 wraps", () => {
    expect(binaryOf(divLane, plain, "i32")(INT_MIN, -1)).toBe(INT_MIN);
    expect(binaryOf(modLane, plain, "i32")(INT_MIN, -1)).toBe(0);
  });

  test("sign", () => {
    const signs = (dtype: DType, x: readonly number[]): readonly number[] =>
      x.map((value) => numberOf(signLane(plain, laneOf(dtype, value))));
    expect(signs("i32", [INT_MIN, -1, 0, 1, 2 ** 31 - 1])).toEqual([-1, -1, 0, 1, 1]);
    expect(signs("u32", [0, 1, 2 ** 31, 2 ** 32 - 1])).toEqual([0, 1, 1, 1]);
  });
});
