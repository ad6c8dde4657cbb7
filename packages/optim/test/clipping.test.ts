import { buildGraph, evaluate, f32, f64, type Graph, type Tensor } from "@latchgrad/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clipGradients, clipSchema, globalNorm, type ClipConfig } from "../src/clipping.js";
import fixtures from "./fixtures/optimizers.json";
import { fromFixture, largestError, tensorOf } from "./support.js";

function clipGraph(config: ClipConfig, types: readonly Tensor["type"][]): Graph {
  const g = buildGraph("clip");
  const gradients = Object.fromEntries(types.map((type, i) => [`g${i}`, g.param(`g${i}`, type)]));
  const norm = globalNorm(g, gradients);
  return g.build({ norm, ...clipGradients(g, config, gradients, norm) });
}

function clip(
  config: ClipConfig,
  tensors: readonly Tensor[],
): { readonly norm: number; readonly clipped: readonly Tensor[] } {
  const graph = clipGraph(
    config,
    tensors.map(({ type }) => type),
  );
  const outputs = evaluate(graph, Object.fromEntries(tensors.map((tensor, i) => [`g${i}`, tensor])));
  return { norm: outputs.norm.data[0], clipped: tensors.map((_, i) => outputs[`g${i}`]) };
}

describe("clipping follows the fixtures", () => {
  test.each(fixtures.clipping)("$name", ({ kind, limit, gradients, norm, plain }) => {
    const result = clip(
      kind === "norm" ? { globalNorm: limit } : { value: limit },
      gradients.map((tensor) => fromFixture(tensor)),
    );
    if (norm !== null) expect(largestError([result.norm], [norm])).toBeLessThan(1e-14);
    plain.forEach(({ data }, i) => {
      expect(largestError(result.clipped[i].data, data)).toBeLessThan(1e-14);
    });
  });
});

const vectors = fc.array(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 4,
});

test("by norm, the direction stays and the norm is at most the limit", () => {
  fc.assert(
    fc.property(vectors, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (lists, limit) => {
      const tensors = lists.map((list) => tensorOf(f64(list.length), list));
      const { norm, clipped } = clip({ globalNorm: limit }, tensors);
      const flat = lists.flat();
      const result = clipped.flatMap(({ data }) => Array.from(data));
      expect(Math.hypot(...result)).toBeLessThanOrEqual(limit * (1 + 1e-12));
      const share = norm <= limit ? 1 : limit / norm;
      expect(
        largestError(
          result,
          flat.map((x) => x * share),
        ),
      ).toBeLessThan(1e-12);
    }),
    { seed: 1, numRuns: 50 },
  );
});

test("by value, each element is the nearest in the range", () => {
  fc.assert(
    fc.property(vectors, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (lists, limit) => {
      const { clipped } = clip(
        { value: limit },
        lists.map((list) => tensorOf(f64(list.length), list)),
      );
      clipped.forEach(({ data }, i) => {
        expect(Array.from(data)).toEqual(lists[i].map((x) => Math.max(-limit, Math.min(limit, x))));
      });
    }),
    { seed: 2, numRuns: 50 },
  );
});

test("gradients of scalars and of both float types are one vector", () => {
  const { norm, clipped } = clip({ globalNorm: 1 }, [tensorOf(f64(), [3]), tensorOf(f32(1, 1), [4])]);
  expect(norm).toBe(5);
  expect(clipped.map(({ type }) => type.dtype)).toEqual(["f64", "f32"]);
  expect(largestError(clipped[0].data, [0.6])).toBeLessThan(1e-15);
});

test("clip has exactly one rule", () => {
  expect(clipSchema.safeParse({ globalNorm: 1 }).success).toBe(true);
  expect(clipSchema.safeParse({}).success).toBe(false);
  expect(clipSchema.safeParse({ globalNorm: 1, value: 1 }).success).toBe(false);
  expect(clipSchema.safeParse({ globalNorm: 0 }).success).toBe(false);
});
