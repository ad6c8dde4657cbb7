// Initializers: statistics, determinism, independence of other parameters, orthogonality, speed.
import { describe, expect, test } from "vitest";
import { initializers, initialValues, randomNumbers, type Initializer } from "../src/index";

/** Dims large enough for statistics: fan in 120, fan out 80. */
const DIMS = [120, 80];

interface InitializerCase {
  readonly config: Initializer;
  readonly mean: number;
  readonly deviation: number;
  /** Bound on every element, for bounded distributions. */
  readonly bound?: number;
}

const scaledUniform = (type: "glorotUniform" | "heUniform" | "lecunUniform", variance: number): InitializerCase => ({
  config: type,
  mean: 0,
  deviation: Math.sqrt(variance),
  bound: Math.sqrt(3 * variance),
});

/** One case per initializer; a missing one does not compile. */
const cases: { readonly [Type in keyof typeof initializers]: InitializerCase } = {
  zeros: { config: "zeros", mean: 0, deviation: 0 },
  ones: { config: "ones", mean: 1, deviation: 0 },
  constant: { config: { type: "constant", value: -2.5 }, mean: -2.5, deviation: 0 },
  identity: { config: { type: "identity", scale: 3 }, mean: 3 / 120, deviation: Math.sqrt(9 / 120 - (3 / 120) ** 2) },
  uniform: { config: { type: "uniform", low: -1, high: 3 }, mean: 1, deviation: Math.sqrt(16 / 12), bound: 3 },
  normal: { config: { type: "normal", mean: 2, deviation: 0.5 }, mean: 2, deviation: 0.5 },
  glorotUniform: scaledUniform("glorotUniform", 2 / 200),
  glorotNormal: { config: "glorotNormal", mean: 0, deviation: Math.sqrt(2 / 200) },
  heUniform: scaledUniform("heUniform", 2 / 120),
  heNormal: { config: { type: "heNormal", gain: 2 }, mean: 0, deviation: 2 * Math.sqrt(2 / 120) },
  lecunUniform: scaledUniform("lecunUniform", 1 / 120),
  lecunNormal: { config: "lecunNormal", mean: 0, deviation: Math.sqrt(1 / 120) },
  orthogonal: { config: { type: "orthogonal", gain: 2 }, mean: 0, deviation: 2 / Math.sqrt(120) },
};

const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(Object.entries(cases))("%s", (type, { config, mean, deviation, bound }) => {
  const values = initialValues(config, DIMS, "layer.W", "seed");

  test("has the mean and the standard deviation that it promises", () => {
    expect(values).toHaveLength(DIMS[0] * DIMS[1]);
    const center = average(values);
    const found = Math.sqrt(average(values.map((value) => (value - center) ** 2)));
    // Five standard errors of 9,600 draws.
    expect(Math.abs(center - mean)).toBeLessThanOrEqual(5 * deviation * Math.sqrt(1 / values.length) + 1e-15);
    expect(Math.abs(found - deviation)).toBeLessThanOrEqual(5 * deviation * Math.sqrt(1 / values.length) + 1e-15);
    if (bound !== undefined) expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
  });

  test("is a function of name and seed", () => {
    expect(initialValues(config, DIMS, "layer.W", "seed")).toEqual(values);
    const isRandom = !["zeros", "ones", "constant", "identity"].includes(type);
    for (const other of [
      initialValues(config, DIMS, "other.W", "seed"),
      initialValues(config, DIMS, "layer.W", "seeds"),
    ])
      expect(other.every((value, i) => value === values[i])).toBe(!isRandom);
  });

  test("fills scalars, vectors and higher ranks", () => {
    for (const [dims, count] of [
      [[], 1],
      [[7], 7],
      [[2, 3, 4, 5], 120],
      [[1, 1], 1],
    ] as const) {
      const filled = initialValues(config, dims, "W", 1);
      expect(filled).toHaveLength(count);
      expect(filled.every(Number.isFinite)).toBe(true);
    }
  });

  test("is documented by its own key", () => {
    const definition = initializers[type as keyof typeof initializers];
    expect(definition.type).toBe(type);
    expect(definition.summary).toMatch(/\.$/);
  });
});

test("a number and its text are the same seed", () => {
  expect(initialValues("glorotUniform", [4], "W", 7)).toEqual(initialValues("glorotUniform", [4], "W", "7"));
});

test("seed and name do not run together", () => {
  expect(initialValues("glorotUniform", [4], "bc", "a")).not.toEqual(initialValues("glorotUniform", [4], "c", "ab"));
});

test("values do not change from version to version", () => {
  const values = initialValues({ type: "normal", mean: 0, deviation: 1 }, [3], "memory.Wf", "latch");
  expect([...values]).toMatchInlineSnapshot(`
    [
      0.7555786220733072,
      0.2733902718924115,
      0.8531904178871629,
    ]
  `);
  expect([...initialValues("glorotUniform", [2, 2], "memory.Wf", "latch")]).toMatchInlineSnapshot(`
    [
      0.9800089194886656,
      0.3545956663263037,
      0.682586353000205,
      1.204846578238434,
    ]
  `);
});

describe("orthogonal", () => {
  test.each([
    [8, 8],
    [30, 5],
    [5, 30],
    [1, 9],
  ])("has orthonormal rows or columns, whichever are fewer, at %i x %i", (rows, columns) => {
    const values = initialValues("orthogonal", [rows, columns], "U", "seed");
    const count = Math.min(rows, columns);
    const vector = (k: number): number[] =>
      Array.from({ length: Math.max(rows, columns) }, (_, i) =>
        columns >= rows ? values[k * columns + i] : values[i * columns + k],
      );
    for (let a = 0; a < count; a++)
      for (let b = 0; b <= a; b++) {
        const product = vector(a).reduce((sum, value, i) => sum + value * vector(b)[i], 0);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-13);
      }
  });

  test("is uniformly distributed: both signs of the determinant occur", () => {
    const determinants = Array.from({ length: 40 }, (_, seed) => {
      const [a, b, c, d] = initialValues("orthogonal", [2, 2], "U", seed);
      return Math.sign(a * d - b * c);
    });
    expect(new Set(determinants)).toEqual(new Set([1, -1]));
  });

  /** One vector after the other, and one projection after the other: the order of sums that gives the bits. */
  function oneByOne(count: number, length: number, normal: () => number): readonly number[] {
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, i) => sum + value * b[i], 0);
    const basis: (readonly number[])[] = [];
    while (basis.length < count) {
      const drawn = Array.from({ length }, normal);
      const rest = [...basis, ...basis].reduce((left, unit) => {
        const factor = dot(left, unit);
        return left.map((value, i) => value - factor * unit[i]);
      }, drawn);
      const norm = Math.sqrt(dot(rest, rest));
      if (norm >= 1e-8 * Math.sqrt(dot(drawn, drawn))) basis.push(rest.map((value) => value / norm));
    }
    return basis.flat();
  }

  test.each([
    [1, 1],
    [1, 7],
    [2, 2],
    [3, 50],
    [24, 25],
    [64, 64],
  ])("has the bits of projecting one vector after the other, at %i x %i", (count, length) => {
    const wanted = oneByOne(count, length, randomNumbers("bits", "U").normal);
    expect([...initialValues("orthogonal", [count, length], "U", "bits")]).toEqual(wanted);
    const columns = initialValues("orthogonal", [length, count], "U", "bits");
    if (length > count)
      expect([...columns]).toEqual(
        Array.from(columns, (_, at) => wanted[(at % count) * length + Math.floor(at / count)]),
      );
  });

  test("takes the next vector where one lies in the span of the others", () => {
    // The third is the sum of the first two, the fifth the fourth again; the last is free.
    const vectors = [[1, 0, 2, 0], [0, 1, 1, 0], [1, 1, 3, 0], [0, 3, 1, 1], [0, 3, 1, 1], [2, 2, 2, 1], []].flat();
    const numbers = (): (() => number) => {
      let at = 0;
      return () => vectors[at++] ?? 0.5;
    };
    const filled = initializers.orthogonal.fill(
      [4, 4],
      { type: "orthogonal", gain: 1 },
      { uniform: numbers(), normal: numbers() },
    );
    expect([...filled]).toEqual(oneByOne(4, 4, numbers()));
    for (let a = 0; a < 4; a++)
      for (let b = 0; b <= a; b++) {
        const product = [0, 1, 2, 3].reduce((sum, i) => sum + filled[4 * a + i] * filled[4 * b + i], 0);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-13);
      }
  });
});
