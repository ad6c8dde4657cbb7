/** What runs need of memory is known before, is close to what is alive, is refused above a limit, and does not grow. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import { lower } from "../src/codegen/lower.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import { kernelsOf } from "../src/codegen/stages.js";
import { CompileError } from "../src/errors/errors.js";
import type { Issue } from "../src/errors/issue.js";
import { buildGraph } from "../src/graph/builder.js";
import { matmul } from "../src/graph/derived.js";
import { valueTypes, type Graph, type ValueId } from "../src/ir/graph.js";
import { bindGraph } from "../src/graph/bind.js";
import { expandRegions } from "../src/graph/expand.js";
import { allPasses, loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { memoryOf } from "../src/runtime/memory.js";
import { grantedPrecision } from "../src/runtime/wasm-support.js";
import { elementCount } from "../src/shape/strides.js";
import { sizesOf } from "../src/shape/tensor.js";
import { f32 } from "../src/shape/tensor-type.js";
import { cells, trainingStep } from "./training-steps.js";

const compiledOf = (graph: Graph, sizes: Readonly<Record<string, number>>): Graph =>
  runPasses(expandRegions(bindGraph(runPasses(graph, allPasses), sizes)), loopPasses);

/**
 * Bytes that are alive at the widest moment, of the values that count, from the graph alone, and counted low: parameters and outputs all the time; of
 * other values those that an op other than an elementwise one makes or reads, from where they are made to where they
 * are last read. A view is what it shows. A loop is a moment of its own, at which what its body needs is there as well.
 */
function aliveBytes(graph: Graph, counts: (id: ValueId) => boolean = () => true): number {
  const types = valueTypes(graph);
  const kernels = kernelsOf(graph);
  const bytes = (id: ValueId): number => 4 * elementCount(sizesOf(types[id]));
  const sources: (readonly ValueId[])[] = graph.params.map((_, id) => [id]);
  const made = graph.params.map(() => -1);
  const lastRead = new Map<ValueId, number>();
  graph.params.forEach((_, id) => lastRead.set(id, Infinity));
  const inBodies: number[] = [];
  graph.nodes.forEach((node, position) => {
    const kind = kernels.get(node)?.kind;
    const read = node.inputs.flatMap((id) => sources[id]);
    const isElsewhere = kind === "view" || kind === "reshape" || kind === "map" || kind === "constant";
    node.types.forEach((_, k) => {
      made[node.id + k] = position;
      sources[node.id + k] = isElsewhere ? (kind === "constant" ? [] : read) : [node.id + k];
    });
    if (isElsewhere) {
      // What is computed element by element is in memory if something else reads it.
      const isStored =
        kind === "map" &&
        graph.nodes.some((other) => {
          const reader = kernels.get(other);
          return other.inputs.includes(node.id) && (reader === undefined || reader.kind === "contract");
        });
      if (isStored) sources[node.id] = [node.id];
    }
    for (const id of read) lastRead.set(id, Math.max(lastRead.get(id) ?? -1, position));
    inBodies.push(Math.max(0, ...node.regions.map(aliveInBody)));
  });
  for (const { value } of graph.outputs) {
    sources[value] = [value];
    lastRead.set(value, Infinity);
  }
  return Math.max(
    ...graph.nodes.map((_, position) =>
      [...lastRead].reduce(
        (sum, [id, last]) => sum + (counts(id) && made[id] <= position && position <= last ? bytes(id) : 0),
        inBodies[position],
      ),
    ),
  );
}

/** Of a body, what lives in one step only: its rows and stacks are those of the loop, and carries have a place for all steps. */
function aliveInBody(body: Graph): number {
  const elsewhere = new Set([...body.params.keys(), ...body.outputs.map(({ value }) => value)]);
  return aliveBytes(body, (id) => !elsewhere.has(id));
}

/** A tensor takes a multiple of 16 bytes, which counts where all are tiny; these are not. */
const sizes: readonly (readonly [number, number, number])[] = [
  [64, 16, 32],
  [17, 5, 24],
];

describe.each(Object.entries(cells))("a training step of the cell %s", (_, cell) => {
  test.each(sizes)("plans at most 1.3 times what is alive at T = %i, B = %i, H = %i", (T, B, H) => {
    for (const checkpoint of ["none", "sqrt"] as const) {
      const step = trainingStep(cell, H, checkpoint);
      const compiled = compiledOf(step, { T, B });
      for (const precision of ["fast", "reproducible"] as const) {
        const plan = planMemory(lower(compiled, grantedPrecision(precision)));
        expect(plan.bytes / aliveBytes(compiled)).toBeLessThanOrEqual(1.3);
        const use = memoryOf(step, { T, B }, { precision });
        expect(use.bytes).toBe(plan.bytes);
        expect(use.alive).toBeLessThanOrEqual(use.bytes);
      }
    }
  });
});

const batch = (T: number, B: number, H: number): TensorsByName => {
  const tensor = { dtype: "f32" as const, dims: [T, B, H], data: new Float32Array(T * B * H).fill(0.25) };
  return { x: tensor, y: tensor };
};
const stateOf = (graph: Graph): TensorsByName =>
  Object.fromEntries(
    graph.params
      .filter(({ name }) => graph.state.some(({ param }) => param === name))
      .map(({ name, type }) => {
        const dims = sizesOf(type);
        return [name, { dtype: "f32" as const, dims, data: new Float32Array(elementCount(dims)).fill(0.1) }];
      }),
  );

async function issueOf(action: Promise<unknown>): Promise<Issue | undefined> {
  return action.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof CompileError) return error.issues[0];
      throw error;
    },
  );
}

describe("a plan above the limit", () => {
  const step = trainingStep(cells.lstm, 8);
  const compiled = async (memoryLimit: number) => compile(step, { state: stateOf(step), memoryLimit });

  test("is an error that names the largest tensors and what keeps fewer of them; within the limit it runs", async () => {
    const { bytes, tensors } = memoryOf(step, { T: 50, B: 4 });
    const issue = await issueOf((await compiled(bytes - 1)).run(batch(50, 4, 8)));
    expect(issue?.code).toBe("compile.memory");
    expect(issue?.received).toContain(` of ${tensors[0].name}`);
    expect(issue?.hint).toContain("checkpoint");
    expect(await (await compiled(bytes)).run(batch(50, 4, 8))).toHaveProperty("loss");
  });

  test("says how much a WebAssembly module can have, when that is the limit, without asking for any", async () => {
    const g = buildGraph("large");
    const x = g.param("x", f32());
    const row = g.broadcast(x, { dims: [70_000], axes: [] });
    const outer = g.mul(
      g.broadcast(g.exp(row), { dims: [70_000, 70_000], axes: [0] }),
      g.broadcast(g.exp(row), { dims: [70_000, 70_000], axes: [1] }),
    );
    const graph = g.build({ total: matmul(g, outer, g.broadcast(x, { dims: [70_000, 2], axes: [] })) });
    const executable = await compile(graph);
    const issue = await issueOf(executable.run({ x: { dtype: "f32", dims: [], data: Float32Array.of(1) } }));
    expect(issue?.code).toBe("compile.memory");
    expect(issue?.expected).toContain("4096.0 MiB");
  });

  test.each([0, -1, 1.5, NaN, 2 ** 33])("is not asked for by a limit of %d", async (memoryLimit) => {
    expect((await issueOf(compiled(memoryLimit)))?.code).toBe("compile.memory-limit");
  });
});

describe("runs", () => {
  test("leave the heap as it is, and no memory grows", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = (): number => {
      collect();
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return heapUsed + external + arrayBuffers;
    };
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    const step = trainingStep(cells.gru, 8);
    const executable = await compile(step, { state: stateOf(step) });
    const given = batch(5, 2, 8);
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await executable.run(given);
    };
    await run(2000);
    const before = used();
    await run(4000);
    // A run that kept as little as its loss would have added ten times as much.
    expect(used() - before).toBeLessThan(100_000);
    expect(grow).not.toHaveBeenCalled();
    grow.mockRestore();
  });
});
