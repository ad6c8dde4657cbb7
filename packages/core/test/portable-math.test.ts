// Exponential and logarithm that do not depend on the engine: against functions of hundreds of bits, and with the bits that they have always had.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import { powLane } from "../src/kernel/power.js";
import { onNumbers, portableExp, portableLog } from "../src/kernel/portable-math.js";
import { exactFunctions, ulpsFrom } from "./exact-functions.js";
import { randomFrom } from "./random.js";

/** Of every size, and many of common ones. */
function samples(name: string, from: number, to: number, count: number): readonly number[] {
  const random = randomFrom(name);
  const view = new DataView(new ArrayBuffer(8));
  return Array.from({ length: count }, (_, i) => {
    if (i % 3 > 0) return from + (to - from) * random();
    view.setUint32(0, Math.floor(random() * (from < 0 ? 2 ** 32 : 2 ** 31)));
    view.setUint32(4, Math.floor(random() * 2 ** 32));
    return view.getFloat64(0);
  }).filter((x) => !Number.isNaN(x));
}

const hashOf = (values: readonly number[]): string =>
  bytesToHex(sha256(new Uint8Array(Float64Array.from(values).buffer)));

describe.each([
  {
    name: "exp",
    f: portableExp,
    points: [0.5 * Math.LN2, 1.5 * Math.LN2, 1, -1, 1e-9, 709.78, -708.5, -744.9, -745.1],
    range: [-20, 20],
    hash: "88e2399e9cd934ad6e0a1d42f7476ff42d7e4359429e783b7294fddfcef91d6d",
  },
  {
    name: "log",
    f: portableLog,
    points: [1, 1 - 2 ** -53, 1 + 2 ** -22, Math.SQRT2, Math.SQRT1_2, 2 ** -1074, 2 ** -1022, Number.MAX_VALUE, 0.71],
    range: [0, 4],
    hash: "38ecd08acffa58000239b2d1938b5cf46b0f20f565c6a812c3d95f8275134988",
  },
] as const)("$name", ({ name, f, points, range: [from, to], hash }) => {
  test("is right within 1 ulp", () => {
    for (const x of [...points, ...samples(name, from, to, 600)]) {
      if (!Number.isFinite(x) || !Number.isFinite(f(x)) || f(x) === 0) continue;
      expect(ulpsFrom(f(x), exactFunctions[name](x)), `${name}(${x}) = ${f(x)}`).toBeLessThanOrEqual(1);
    }
  });

  test("has the bits that it has always had", () => {
    expect(hashOf([...points, ...samples(name, from, to, 60_000)].map(f))).toBe(hash);
  });
});

test("limits, signed zero and NaN", () => {
  expect([-Infinity, Infinity, 0, -0, -746, 710, NaN].map(portableExp)).toEqual([0, Infinity, 1, 1, 0, Infinity, NaN]);
  expect([0, -0, Infinity, -Infinity, -1, 1, NaN].map(portableLog)).toEqual([
    -Infinity,
    -Infinity,
    Infinity,
    NaN,
    NaN,
    0,
    NaN,
  ]);
});

test("whole powers of numbers that are known are exact", () => {
  const power = onNumbers(powLane);
  for (let base = 2; base <= 200; base++)
    for (let exact = base, exponent = 1; exact < 2 ** 53; exact *= base, exponent++)
      expect(power(base, exponent), `${base} ** ${exponent}`).toBe(exact);
});
