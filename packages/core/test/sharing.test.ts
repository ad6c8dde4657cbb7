/** What kernels say for several threads: that they touch no more than they say, and that their pieces do what the whole does. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { moduleBuilder } from "../src/codegen/assembler.js";
import type { Precision } from "../src/codegen/lanes-target.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import { withPointers, type Kernel, type Program } from "../src/codegen/program.js";
import { spanAt, type Span } from "../src/codegen/spans.js";
import { bindGraph } from "../src/graph/bind.js";
import { buildGraph } from "../src/graph/builder.js";
import { hasRelaxedSimd } from "../src/runtime/wasm-support.js";
import { f32 } from "../src/shape/tensor-type.js";
import { bindingsOf, every } from "./case-inputs.js";
import { programOf, stepsOf } from "./compiled-program.js";
import { graphInF32 } from "./in-f32.js";
import { randomGraph } from "./random-graphs.js";
import { LSTM_WRT, lstmGraph } from "./recurrent.js";
import { graphOf, parseUse } from "./use.js";

const PAGE = 65_536;
const THREADS = [2, 3, 5];

interface Runnable {
  readonly kernel: Kernel;
  readonly addresses: readonly number[];
}

/** The program's kernels, each once, at the addresses of the first turn of all loops. */
function kernelsOf(program: Program): { readonly kernels: readonly Runnable[]; readonly bytes: number } {
  const plan = planMemory(program);
  const byKey = new Map<string, Runnable>();
  for (const step of stepsOf(program.main))
    if (step.kind === "call")
      byKey.set(step.kernel.key, {
        kernel: step.kernel,
        addresses: step.args.map(({ buffer, offset }) => plan.addresses[buffer.id] + offset),
      });
  return { kernels: [...byKey.values()], bytes: plan.bytes };
}

/** A function that runs any of the kernels in a memory. */
async function runnerOf(kernels: readonly Kernel[], pages: number) {
  const module = moduleBuilder();
  const names = new Map<string, string>();
  for (const kernel of kernels) {
    const { key, arity } = kernel;
    if (names.has(key)) continue;
    names.set(key, `k${names.size}`);
    module.exportFunction(names.get(key) ?? "", module.function(key, arity, withPointers(kernel)));
  }
  const memory = new WebAssembly.Memory({ initial: pages });
  const { instance } = await WebAssembly.instantiate(module.build({ pages, shared: false }), { env: { memory } });
  const functions = instance.exports as Readonly<Record<string, (...addresses: readonly number[]) => void>>;
  return {
    bytes: new Uint8Array(memory.buffer),
    run: ({ kernel, addresses }: Runnable) => {
      functions[names.get(kernel.key) ?? ""](...addresses);
    },
  };
}

/** Floats between -1 and 1, different for each seed. */
function fill(bytes: Uint8Array, seed: number): void {
  let bits = seed;
  const floats = new Float32Array(bytes.buffer);
  for (let i = 0; i < floats.length; i++) {
    bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) >>> 0;
    floats[i] = bits / 2 ** 31 - 1;
  }
}

/** 1 for every byte of the spans. */
function maskOf(spans: readonly Span[], bytes: number): Uint8Array {
  const mask = new Uint8Array(bytes);
  for (const { first, bytes: length, strides } of spans) {
    let starts = [first];
    for (const stride of strides)
      starts = starts.flatMap((start) => Array.from({ length: stride.count }, (_, i) => start + i * stride.bytes));
    for (const start of starts) mask.fill(1, start, start + length);
  }
  return mask;
}

/** Numbers of the bytes that differ, among those that `mask`, where there is one, has at `kept`. */
function differences(a: Uint8Array, b: Uint8Array, mask?: Uint8Array, kept?: 0 | 1): readonly number[] {
  if (Buffer.compare(a, b) === 0) return [];
  const found: number[] = [];
  for (let byte = 0; byte < a.length; byte++)
    if (a[byte] !== b[byte] && (mask === undefined || mask[byte] === kept)) found.push(byte);
  return found;
}

async function checkProgram(program: Program): Promise<void> {
  const { kernels, bytes } = kernelsOf(program);
  // Kernels that stop at a wrong index would do so here; they are not cut.
  const runnable = kernels.filter(({ kernel }) => !kernel.sharing().stops);
  const divided = runnable.map((whole) => ({
    whole,
    divisions: THREADS.flatMap((threads) => whole.kernel.sharing().divisions(threads)),
  }));
  const pieces = divided.flatMap(({ divisions }) => divisions.flat().map(({ kernel }) => kernel));
  const { bytes: memory, run } = await runnerOf(
    [...runnable.map(({ kernel }) => kernel), ...pieces],
    Math.ceil(bytes / PAGE),
  );
  for (const { whole, divisions } of divided) {
    const spans = whole.kernel.sharing().uses.map(({ span, writes }, i) => ({
      span: spanAt(span, whole.addresses[i], []),
      writes,
    }));
    const used = maskOf(
      spans.map(({ span }) => span),
      memory.length,
    );
    const written = maskOf(
      spans.filter(({ writes }) => writes).map(({ span }) => span),
      memory.length,
    );
    fill(memory, 1);
    const before = memory.slice();
    run(whole);
    const expected = memory.slice();
    expect(differences(before, expected, written, 0), whole.kernel.key).toEqual([]);

    fill(memory, 2);
    for (let byte = 0; byte < memory.length; byte++) if (used[byte] === 1) memory[byte] = before[byte];
    run(whole);
    expect(differences(expected, memory, written, 1), whole.kernel.key).toEqual([]);

    for (const division of divisions) {
      memory.set(before);
      // In another order than the whole's.
      for (const { kernel, shifts } of division.toReversed())
        run({ kernel, addresses: whole.addresses.map((address, i) => address + shifts[i]) });
      expect(differences(expected, memory), `${division.length} pieces of ${whole.kernel.key}`).toEqual([]);
    }
  }
}

const precisions: readonly Precision[] = hasRelaxedSimd() ? ["fast", "reproducible"] : ["reproducible"];

describe.each(precisions)(
  "kernels with precision %s touch what they say, and their pieces do the same, bit for bit",
  (precision) => {
    for (const { name, valid } of every)
      test(`of ${name}`, async () => {
        for (const each of valid)
          for (const bindings of bindingsOf(each))
            await checkProgram(programOf(graphInF32(bindGraph(graphOf(parseUse(each.use)), bindings)), {}, precision));
      });

    test.each([
      [40, 300, 44],
      [7, 64, 128],
      [130, 20, 37],
    ])("of products of %i x %i and %i columns, as they lie and turned", async (rows, inner, columns) => {
      const g = buildGraph("products");
      const options = { batchX: [], batchY: [] };
      const [x, turnedX] = [g.param("x", f32(rows, inner)), g.param("turnedX", f32(inner, rows))];
      const [y, turnedY] = [g.param("y", f32(inner, columns)), g.param("turnedY", f32(columns, inner))];
      const graph = g.build({
        asTheyLie: g.dotGeneral(x, y, { ...options, contractX: [1], contractY: [0] }),
        turned: g.dotGeneral(turnedX, turnedY, { ...options, contractX: [0], contractY: [1] }),
      });
      await checkProgram(programOf(graph, {}, precision));
    });

    test.each([0, 1, 2, 3, 4, 5, 6, 7])("of random graph %i and its gradient", async (seed) => {
      const random = randomGraph(seed);
      for (const graph of [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })])
        await checkProgram(programOf(graphInF32(graph), random.bindings, precision));
    });

    test.each([1, 5, 16])("of the gradient of an LSTM, batch %i", async (B) => {
      const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
      await checkProgram(programOf(graph, { T: 5, B }, precision));
    });
  },
);
