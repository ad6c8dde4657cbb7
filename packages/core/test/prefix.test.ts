/** Prefixes have one order, whichever axis lies side by side in memory: along the last axis four lines are computed at a time, along others whole rows. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { f32 } from "../src/shape/tensor-type.js";
import { randomFrom } from "./random.js";

interface Prefix {
  readonly op: "cumsum" | "cummax" | "cumlogsumexp";
  readonly lines: number;
  readonly length: number;
  readonly reverse: boolean;
}

/** Along the last axis of x, or along the first of x with its axes exchanged, which is the same. */
function graphOf({ op, lines, length, reverse }: Prefix, along: "last" | "first"): Graph {
  const g = buildGraph("prefix");
  const x = g.param("x", f32(lines, length));
  if (along === "last") return g.build({ y: g[op](x, { axis: 1, reverse }) });
  const order = [1, 0];
  // Computed, so that lines lie side by side.
  const turned = g.mul(g.transpose(x, { order }), 1.5);
  const back = g.mul(turned, 1 / 1.5);
  return g.build({ y: g.transpose(g[op](back, { axis: 0, reverse }), { order }) });
}

const inputOf = ({ lines, length }: Prefix): TensorData => {
  const random = randomFrom("x");
  return {
    dtype: "f32",
    dims: [lines, length],
    data: Float32Array.from({ length: lines * length }, () => 6 * random() - 3),
  };
};

async function run(graph: Graph, x: TensorData, options: Parameters<typeof compile>[1]): Promise<TensorData> {
  const executable = await compile(graph, options);
  const { y } = await executable.run({ x });
  executable.dispose();
  return y;
}

const prefixes: fc.Arbitrary<Prefix> = fc.record({
  op: fc.constantFrom("cumsum", "cummax", "cumlogsumexp"),
  lines: fc.integer({ min: 1, max: 13 }),
  length: fc.integer({ min: 1, max: 19 }),
  reverse: fc.boolean(),
});

describe("along the last axis", () => {
  test.prop([prefixes], { numRuns: 40 })("every sum is the one that the definition says", async (prefix) => {
    const sums: Prefix = { ...prefix, op: "cumsum" };
    const { lines, length, reverse } = sums;
    const x = inputOf(sums);
    const expected = new Float32Array(lines * length);
    for (let line = 0; line < lines; line++)
      for (let i = 0, sum = 0; i < length; i++) {
        const at = line * length + (reverse ? length - 1 - i : i);
        sum = i === 0 ? x.data[at] : Math.fround(sum + x.data[at]);
        expected[at] = sum;
      }
    expect((await run(graphOf(sums, "last"), x, { precision: "reproducible" })).data).toEqual(expected);
  });

  test.prop([prefixes], { numRuns: 40 })("the bits are those of lines that lie side by side", async (prefix) => {
    const x = inputOf(prefix);
    // What 1.5 and its reciprocal leave of each element, as the other graph reads it.
    const read = {
      ...x,
      data: Float32Array.from(x.data, (v) => Math.fround(Math.fround(v * 1.5) * Math.fround(1 / 1.5))),
    };
    const options = { precision: "reproducible" } as const;
    expect(await run(graphOf(prefix, "last"), read, options)).toEqual(await run(graphOf(prefix, "first"), x, options));
  });

  test.prop([prefixes], { numRuns: 6 })("the bits do not depend on the number of threads", async (prefix) => {
    const x = inputOf(prefix);
    const graph = graphOf(prefix, "last");
    expect(await run(graph, x, { threads: 3 })).toEqual(await run(graph, x, {}));
  });
});
