/** Modules by themselves: always valid, at home in their plan, and dependent on nothing but their inputs. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import type { Precision } from "../src/codegen/lanes-target.js";
import { lower } from "../src/codegen/lower.js";
import { writeModule } from "../src/codegen/module.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import type { Port } from "../src/codegen/program.js";
import { bindGraph } from "../src/graph/bind.js";
import type { Tensors } from "../src/graph/evaluate.js";
import { expandRegions } from "../src/graph/expand.js";
import type { Graph } from "../src/ir/graph.js";
import { loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import { hasRelaxedSimd } from "../src/runtime/wasm-support.js";
import type { DimBindings } from "../src/shape/dim.js";
import { toTensorData, type NumberArray } from "../src/shape/tensor-data.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomGraph } from "./random-graphs.js";
import { seeds } from "./seeds.js";
import { LSTM_WRT, lstmGraph, lstmPoint } from "./recurrent.js";

const PAGE = 65_536;
const BYTES = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 4 } as const;
/** As f32 a NaN, as an index far outside. */
const GARBAGE = 0x7f;

function build(graph: Graph, bindings: DimBindings, precision: Precision) {
  const program = lower(runPasses(expandRegions(bindGraph(graph, bindings)), loopPasses, { check: true }), precision);
  const plan = planMemory(program);
  return { program, plan, ...writeModule(program, plan) };
}

/** Runs a module in memory that was filled with `fill`, with one page behind its plan; gives the bytes of its outputs and of that page. */
async function runIn(built: ReturnType<typeof build>, inputs: Tensors, fill: number) {
  const { program, plan, bytes, pages } = built;
  const memory = new WebAssembly.Memory({ initial: pages + 1 });
  new Uint8Array(memory.buffer).fill(fill);
  const place = ({ buffer, dims, dtype }: Port): Uint8Array =>
    new Uint8Array(memory.buffer, plan.addresses[buffer.id], dims.reduce((a, b) => a * b, 1) * BYTES[dtype]);
  const write = (port: Port, data: NumberArray): void => {
    place(port).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  };
  for (const port of program.inputs) {
    const { data } = toTensorData(inputs[port.name]);
    write(port, port.dtype === "bool" ? Int32Array.from(data, (value) => -value) : data);
  }
  for (const { port, data } of program.constants)
    write(port, port.dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data, (value) => value | 0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  (instance.exports.run as () => void)();
  return {
    outputs: program.outputs.map((port) => place(port).slice()),
    behind: new Uint8Array(memory.buffer, pages * PAGE).slice(),
  };
}

const precisions: readonly Precision[] = hasRelaxedSimd() ? ["fast", "reproducible"] : ["reproducible"];

describe.each(precisions)("with precision %s", (precision) => {
  test.each(seeds(40))(
    "random graph %i and its gradient leave the memory behind them alone and read nothing stale",
    async (seed) => {
      const random = randomGraph(seed);
      const inputs = tensorsInF32(Object.entries(random.inputs));
      for (const whole of [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })]) {
        const built = build(graphInF32(whole), random.bindings, precision);
        expect(WebAssembly.validate(built.bytes)).toBe(true);
        const [clean, littered] = [await runIn(built, inputs, 0), await runIn(built, inputs, GARBAGE)];
        expect(littered.outputs).toEqual(clean.outputs);
        expect(littered.behind.every((byte) => byte === GARBAGE)).toBe(true);
        expect(clean.behind.every((byte) => byte === 0)).toBe(true);
      }
    },
  );
});

describe("the module of an LSTM's gradient", () => {
  const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));

  test("does not grow with the number of steps", () => {
    const sizeFor = (T: number): number => build(graph, { T, B: 8 }, "reproducible").bytes.length;
    // A few steps need fewer kinds of blocks; beyond that, only lengths and addresses are written with more digits.
    expect(sizeFor(4096) / sizeFor(512)).toBeLessThan(1.02);
    expect(sizeFor(4096)).toBeLessThan(100_000);
  });

  test("shares memory between tensors that do not live at the same time", () => {
    const { program, plan } = build(graph, { T: 64, B: 8 }, "reproducible");
    const total = program.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
    expect(plan.bytes).toBeLessThan(total);
  });

  test("computes with plain multiply and add in reproducible precision", async () => {
    const inputs = tensorsInF32(lstmPoint(5, 3));
    const [first, second] = [
      build(graph, { T: 5, B: 3 }, "reproducible"),
      build(graph, { T: 5, B: 3 }, "reproducible"),
    ];
    expect(first.bytes).toEqual(second.bytes);
    expect((await runIn(first, inputs, 0)).outputs).toEqual((await runIn(second, inputs, 0)).outputs);
  });
});
