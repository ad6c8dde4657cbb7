/** Runs on several threads: the same bits as on one, the same errors, and one thread where there are no more to be had. */
import { describe, expect, test, vi } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import type { Precision } from "../src/codegen/lanes-target.js";
import { writeModule } from "../src/codegen/module.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import type { Port, Program } from "../src/codegen/program.js";
import { schedule } from "../src/codegen/schedule.js";
import { CompileError, RunError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import type { Tensors } from "../src/graph/evaluate.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { startThreads, type Threads } from "../src/runtime/threads.js";
import { hasRelaxedSimd } from "../src/runtime/wasm-support.js";
import { toTensorData, type TensorData } from "../src/shape/tensor-data.js";
import { f32, i32 } from "../src/shape/tensor-type.js";
import { programOf } from "./compiled-program.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomFrom } from "./random.js";
import { randomGraph } from "./random-graphs.js";
import { LSTM_WRT, lstmGraph, lstmPoint } from "./recurrent.js";

const precisions: readonly Precision[] = hasRelaxedSimd() ? ["fast", "reproducible"] : ["reproducible"];
const COUNTS = [1, 2, 3, 4];

function noise(seed: string, ...dims: readonly number[]): TensorData {
  const random = randomFrom(seed);
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { dtype: "f32", dims, data: Float32Array.from({ length: size }, () => random() - 0.5) };
}

/** One layer h' = tanh(E[id] + x W + h U) over time, trained by plain descent; its weights are the state. Large enough to be shared out. */
function descent(units: number): Graph {
  const g = buildGraph("layer");
  const x = g.param("x", f32("T", "B", units));
  const ids = g.param("ids", i32("T", "B"));
  const E = g.param("E", f32(50, units));
  const W = g.param("W", f32(units, units));
  const U = g.param("U", f32(units, units));
  const h0 = g.param("h0", f32("B", units));
  const { y } = scan(g, { init: { h: h0 }, xs: { x, ids } }, (step, { carry: { h }, x: each }) => {
    const product = (a: Value, b: Value): Value =>
      step.dotGeneral(a, b, { contractX: [1], contractY: [0], batchX: [], batchY: [] });
    const embedded = step.gather(E, each.ids, { axis: 0, batch: 0 });
    const next = step.tanh(step.add(embedded, step.add(product(each.x, W), product(h, U))));
    return { carry: { h: next }, y: { h: next } };
  });
  const loss = g.reduceSum(g.mul(y.h, g.sin(y.h)), { axes: [0, 1, 2] });
  const both = gradient(g.build({ loss }), { of: "loss", wrt: ["W", "U", "E"] });
  const d = buildGraph("descent");
  const params = both.params.map(({ name, type }) => d.param(name, type));
  const results = d.inline(both, params);
  const weights = ["W", "U", "E"];
  const next = weights.map((name): readonly [string, Value] => {
    const slope = results[both.outputs.findIndex((output) => output.name === `grad.${name}`)];
    return [`next.${name}`, d.sub(params[both.params.findIndex((param) => param.name === name)], d.mul(slope, 0.01))];
  });
  return d.build(
    { loss: results[0], ...Object.fromEntries(next) },
    weights.map((name) => ({ param: name, next: `next.${name}` })),
  );
}

const stateOf = (units: number): TensorsByName => ({
  W: noise("W", units, units),
  U: noise("U", units, units),
  E: noise("E", 50, units),
});

const inputsOf = (units: number, T: number, B: number): TensorsByName => ({
  x: noise("x", T, B, units),
  h0: noise("h0", B, units),
  ids: { dtype: "i32", dims: [T, B], data: Int32Array.from({ length: T * B }, (_, i) => (i * 7) % 50) },
});

describe.each(precisions)("the bits do not depend on the number of threads in precision %s:", (precision) => {
  test.each([
    { units: 64, T: 12, B: 32 },
    { units: 37, T: 5, B: 19 },
    { units: 200, T: 4, B: 1 },
  ])("training with %o", async ({ units, T, B }) => {
    const results = [];
    for (const threads of COUNTS) {
      const executable = await compile(descent(units), { threads, precision, state: stateOf(units) });
      expect(executable.threads).toBe(threads);
      const losses = [];
      for (let step = 0; step < 5; step++) losses.push((await executable.run(inputsOf(units, T, B))).loss);
      results.push({ losses, state: await executable.readState() });
      executable.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("reductions over every choice of axes", async () => {
    const g = buildGraph("sums");
    const x = g.param("x", f32(30, 41, 52));
    const axes = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];
    const sums = axes.map((chosen): readonly [string, Value] => [
      `over ${chosen.join()}`,
      g.reduceSum(g.mul(x, x), { axes: chosen }),
    ]);
    const graph = g.build(Object.fromEntries(sums));
    const results = [];
    for (const threads of COUNTS) {
      const executable = await compile(graph, { threads, precision });
      results.push(await executable.run({ x: noise("x", 30, 41, 52) }));
      executable.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  describe("with everything shared out that can be,", () => {
    test.each(Array.from({ length: 12 }, (_, seed) => seed))("random graph %i and its gradient", async (seed) => {
      const random = randomGraph(seed);
      const inputs = tensorsInF32(Object.entries(random.inputs));
      for (const graph of [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })])
        await checkBits(programOf(graphInF32(graph), random.bindings, precision), inputs);
    });

    test.each([{}, { checkpoint: 2 }, { outputs: "hold" }] as const)(
      "the gradient of an LSTM with %o",
      async (options) => {
        const lengths = "outputs" in options ? [3, 0, 5, 4, 1] : undefined;
        const graph = graphInF32(gradient(lstmGraph({ reads: "steps", ...options }), { of: "loss", wrt: LSTM_WRT }));
        await checkBits(programOf(graph, { T: 5, B: 5 }, precision), tensorsInF32(lstmPoint(5, 5, lengths)));
      },
    );
  });
});

/** Runs a program on one thread and, as if barriers cost nothing, on several. */
async function checkBits(program: Program, inputs: Tensors): Promise<void> {
  const expected = await bitsOf(program, inputs, undefined);
  for (const threads of pools) expect(await bitsOf(program, inputs, await threads)).toEqual(expected);
}

/** Started once; they run one module after the other. */
const pools = COUNTS.slice(1).map(async (count) => {
  const threads = await startThreads(count);
  if (threads === undefined) throw new Error("no threads");
  return threads;
});

async function bitsOf(program: Program, inputs: Tensors, threads: Threads | undefined): Promise<readonly Uint8Array[]> {
  const plan = planMemory(program, threads?.count);
  const { bytes, pages } = writeModule(
    program,
    plan,
    threads === undefined ? undefined : schedule(program, plan, threads.count, 0),
  );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: threads !== undefined });
  const placeOf = ({ buffer, dims }: Port): Int32Array =>
    new Int32Array(
      memory.buffer,
      plan.addresses[buffer.id],
      dims.reduce((a, b) => a * b, 1),
    );
  for (const port of program.inputs) {
    const { data } = toTensorData(inputs[port.name]);
    placeOf(port).set(
      port.dtype === "bool"
        ? Int32Array.from(data, (value) => -value)
        : new Int32Array(data.buffer, data.byteOffset, data.length),
    );
  }
  for (const { port, data } of program.constants)
    placeOf(port).set(
      port.dtype === "f32" ? new Int32Array(Float32Array.from(data).buffer) : data.map((value) => value | 0),
    );
  const module = await WebAssembly.compile(bytes);
  if (threads === undefined) {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    (exports.run as () => void)();
  } else {
    const shared = await threads.add(module, memory);
    await shared.run();
    shared.remove();
  }
  return program.outputs.map((port) => new Uint8Array(placeOf(port).slice().buffer));
}

test("disposing while threads take over a module is told as that, and not as a thread that ended", async () => {
  const executable = await compile(descent(8), { threads: 2, state: stateOf(8) });
  const runs = [executable.run(inputsOf(8, 3, 2)), executable.run(inputsOf(8, 3, 2))];
  setTimeout(executable.dispose.bind(executable));
  const ends = await Promise.allSettled(runs);
  for (const end of ends)
    if (end.status === "rejected")
      expect(String((end.reason as RunError).message)).toContain("an executable runs until it is disposed");
});

describe("a run that is stopped", () => {
  const wrong: TensorData = {
    dtype: "i32",
    dims: [6, 32],
    data: Int32Array.from({ length: 6 * 32 }, (_, i) => (i === 100 ? 50 : i === 150 ? -1 : 3)),
  };

  test.each(COUNTS)(
    "fails the same on %i threads, leaves state as it was, and can be followed by others",
    async (threads) => {
      const executable = await compile(descent(64), { threads, precision: "reproducible", state: stateOf(64) });
      const good = inputsOf(64, 6, 32);
      for (let round = 0; round < 3; round++) {
        const before = await executable.readState();
        const error: unknown = await executable.run({ ...good, ids: wrong }).catch((failure: unknown) => failure);
        expect(error).toBeInstanceOf(RunError);
        expect((error as RunError).issues).toMatchObject([
          { code: "gather.index", received: "50", expected: "0 to 49" },
        ]);
        expect(await executable.readState()).toEqual(before);
        await executable.run(good);
      }
      const reference = await compile(descent(64), { precision: "reproducible", state: stateOf(64) });
      for (let round = 0; round < 3; round++) await reference.run(good);
      expect(await executable.readState()).toEqual(await reference.readState());
      executable.dispose();
    },
  );
});

describe("an executable with threads", () => {
  test("runs with more sets of sizes than it keeps", async () => {
    const executable = await compile(descent(64), { threads: 2, precision: "reproducible", state: stateOf(64) });
    const alone = await compile(descent(64), { precision: "reproducible", state: stateOf(64) });
    for (const T of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2]) {
      const inputs = inputsOf(64, T, 32);
      expect(await executable.run(inputs)).toEqual(await alone.run(inputs));
    }
    executable.dispose();
  });

  test("does not run after dispose, nor when disposed while it is being compiled", async () => {
    const executable = await compile(descent(64), { threads: 2, state: stateOf(64) });
    const running = executable.run(inputsOf(64, 3, 32));
    executable.dispose();
    await expect(running).rejects.toBeInstanceOf(RunError);
    await expect(executable.run(inputsOf(64, 3, 32))).rejects.toBeInstanceOf(RunError);
  });

  test.each([0, -1, 1.5, 65, Number.NaN])("is not made with %d of them", async (threads) => {
    const failure: unknown = await compile(descent(3), { threads, state: stateOf(3) }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CompileError);
    expect((failure as CompileError).issues[0].code).toBe("compile.threads");
  });
});

describe("one thread is enough", () => {
  async function expectOneThread(): Promise<void> {
    const executable = await compile(descent(64), { threads: 3, precision: "reproducible", state: stateOf(64) });
    expect(executable.threads).toBe(1);
    const { loss } = await executable.run(inputsOf(64, 3, 32));
    expect(loss.data.every(Number.isFinite)).toBe(true);
    executable.dispose();
  }

  test("where memory is not shared", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    await expectOneThread();
  });

  test("on a page that is not cross-origin isolated", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    await expectOneThread();
  });

  test("where there are no workers", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    await expectOneThread();
  });

  test("where making a worker fails, at once or later", async () => {
    const Refused = vi.fn(() => {
      throw new Error("refused");
    });
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    vi.stubGlobal("Worker", Refused);
    await expectOneThread();
    class Failing {
      onerror: () => void = () => undefined;
      postMessage(): void {
        setTimeout(() => {
          this.onerror();
        });
      }
      terminate(): void {
        this.onerror = () => undefined;
      }
    }
    vi.stubGlobal("Worker", Failing);
    await expectOneThread();
  });

  test("for the reference executor", async () => {
    const executable = await compile(descent(3), { threads: 2, executor: "reference", state: stateOf(3) });
    expect(executable.threads).toBe(1);
  });
});
