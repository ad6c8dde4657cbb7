/** Schedules for several threads, held against every byte that a run touches; and what they should look like. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import type { Block, Loop, Place, Program, Step } from "../src/codegen/program.js";
import { schedule, type Schedule } from "../src/codegen/schedule.js";
import type { Span } from "../src/codegen/spans.js";
import { buildGraph } from "../src/graph/builder.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import { f32, i32 } from "../src/shape/tensor-type.js";
import { programOf, stepsOf } from "./compiled-program.js";
import { graphInF32 } from "./in-f32.js";
import { randomGraph } from "./random-graphs.js";
import { LSTM_WRT, lstmGraph } from "./recurrent.js";

const REPORT: Span = { first: 0, bytes: 12, strides: [] };
const INDEX: Span = { first: 0, bytes: 4, strides: [] };

interface Touch {
  readonly span: Span;
  readonly address: number;
  readonly thread: number;
  readonly writes: boolean;
  readonly what: string;
}

/** Runs a schedule byte by byte; gives what touches a byte that another thread may be at. */
function findRaces(program: Program, threads: number, { pieces, barriers, solo }: Schedule): readonly string[] {
  const plan = planMemory(program, threads);
  const races = new Set<string>();
  let epoch = 0;
  const lastWrite = { epoch: new Int32Array(plan.bytes).fill(-1), thread: new Int32Array(plan.bytes) };
  /** Thread -1: several. */
  const lastRead = { epoch: new Int32Array(plan.bytes).fill(-1), thread: new Int32Array(plan.bytes) };
  const counters = new Map<Loop, number>();

  function look(byte: number, thread: number, writes: boolean, what: string): void {
    const meetsWrite = lastWrite.epoch[byte] === epoch && lastWrite.thread[byte] !== thread;
    const meetsRead = writes && lastRead.epoch[byte] === epoch && lastRead.thread[byte] !== thread;
    if (meetsWrite || meetsRead) races.add(`thread ${thread}: ${what}`);
  }
  function mark(byte: number, thread: number, writes: boolean): void {
    const last = writes ? lastWrite : lastRead;
    last.thread[byte] = last.epoch[byte] === epoch && last.thread[byte] !== thread ? -1 : thread;
    last.epoch[byte] = epoch;
  }
  /** Looks at all before it marks any: that the pieces of one call do not depend on each other is tested elsewhere. */
  function touchAll(touched: readonly Touch[]): void {
    for (const visit of [look, mark])
      for (const { span, address, thread, writes, what } of touched) {
        let starts = [address + span.first];
        for (const { bytes, count } of span.strides)
          starts = starts.flatMap((start) => Array.from({ length: count }, (_, i) => start + i * bytes));
        for (const start of starts) for (let i = 0; i < span.bytes; i++) visit(start + i, thread, writes, what);
      }
  }
  const addressOf = ({ buffer, offset, perStep }: Place, thread: number): number =>
    perStep.reduce(
      (sum, { loop, bytes }) => sum + bytes * (counters.get(loop) ?? 0),
      plan.addressOf(buffer, thread) + offset,
    );
  const everyone = Array.from({ length: threads }, (_, thread) => thread);

  function runBlock(block: Block, isSolo: boolean): void {
    const here = isSolo ? [0] : everyone;
    for (const step of block.steps) {
      if (barriers.has(step)) epoch++;
      // Where one thread goes alone, the others cannot come to a barrier.
      if (barriers.has(step) && isSolo) races.add("a barrier in a loop of one thread");
      if (step.kind === "loop")
        for (let turn = 0; turn < step.loop.count; turn++) {
          counters.set(step.loop, step.loop.reverse ? step.loop.count - 1 - turn : turn);
          runBlock(step.loop.body, isSolo || solo.has(step));
        }
      else if (step.kind === "branch") {
        touchAll(readsOf(step.condition, solo.has(step) ? [0] : here, "branch"));
        for (const side of [step.then, step.otherwise]) runBlock(side, isSolo || solo.has(step));
      } else touchAll(touchesOf(step, here));
    }
  }
  const readsOf = (place: Place, here: readonly number[], what: string): readonly Touch[] =>
    here.map((thread) => ({ span: INDEX, address: addressOf(place, thread), thread, writes: false, what }));
  const touchesOf = (
    step: Exclude<Step, { readonly kind: "loop" | "branch" }>,
    here: readonly number[],
  ): readonly Touch[] => {
    if (step.kind === "commit")
      return here.map((thread) => ({ span: REPORT, address: 0, thread, writes: false, what: "commit" }));
    if (step.kind === "leave")
      return [
        ...readsOf(step.unless, here, "leave"),
        ...here.map((thread) => ({ span: REPORT, address: 0, thread, writes: true, what: "leave" })),
      ];
    if (step.kind === "index")
      return here.map((thread) => {
        return { span: INDEX, address: addressOf(step.place, thread), thread, writes: true, what: "index" };
      });
    if (step.kind === "probe") return [];
    return (pieces.get(step) ?? []).flatMap((piece, thread): readonly Touch[] => {
      if (piece === undefined) return [];
      const { uses, stops } = piece.kernel.sharing();
      const what = piece.kernel.key;
      const report: Touch = { span: REPORT, address: 0, thread, writes: true, what };
      const touches = uses.map(({ span, writes }, i): Touch => {
        return { span, address: addressOf(step.args[i], thread) + piece.shifts[i], thread, writes, what };
      });
      return stops ? [...touches, report] : touches;
    });
  };
  runBlock(program.main, false);
  return [...races];
}

/** With barriers that cost nothing everything is shared out that can be. */
const COSTS = [0, 300, undefined];

function checkSchedules(program: Program): void {
  for (const threads of [2, 3, 4])
    for (const cost of COSTS) {
      const made = schedule(program, planMemory(program, threads), threads, cost);
      expect(findRaces(program, threads, made)).toEqual([]);
    }
}

describe("no thread meets another without a barrier between them", () => {
  test.each(Array.from({ length: 16 }, (_, seed) => seed))("in random graph %i and its gradient", (seed) => {
    const random = randomGraph(seed);
    for (const graph of [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })])
      checkSchedules(programOf(graphInF32(graph), random.bindings, "reproducible"));
  });

  test.each([{}, { reverse: true }, { checkpoint: 2 }, { outputs: "hold" }, { truncate: { k1: 2, k2: 3 } }] as const)(
    "in the gradient of an LSTM with %o",
    (options) => {
      const graph = graphInF32(gradient(lstmGraph({ reads: "steps", ...options }), { of: "loss", wrt: LSTM_WRT }));
      for (const B of [1, 4, 5]) checkSchedules(programOf(graph, { T: 5, B }, "reproducible"));
    },
  );

  test("and the search for such meetings finds them", () => {
    const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
    const program = programOf(graph, { T: 5, B: 4 }, "reproducible");
    const made = schedule(program, planMemory(program, 2), 2, 0);
    expect(findRaces(program, 2, { ...made, barriers: new Set() })).not.toEqual([]);
  });
});

/** A recurrent layer that is large enough to be shared out: sum over all steps of h' = tanh(x W + h U), and its gradient. */
function recurrent(units: number): Graph {
  const g = buildGraph("recurrent");
  const x = g.param("x", f32("T", "B", units));
  const W = g.param("W", f32(units, units));
  const U = g.param("U", f32(units, units));
  const h0 = g.param("h0", f32("B", units));
  const { y } = scan(g, { init: { h: h0 }, xs: { x } }, (step, { carry: { h }, x: { x: row } }) => {
    const product = (a: typeof h, b: typeof W) =>
      step.dotGeneral(a, b, { contractX: [1], contractY: [0], batchX: [], batchY: [] });
    const next = step.tanh(step.add(product(row, W), product(h, U)));
    return { carry: { h: next }, y: { h: next } };
  });
  const loss = g.reduceSum(g.mul(y.h, y.h), { axes: [0, 1, 2] });
  return gradient(g.build({ loss }), { of: "loss", wrt: ["W", "U", "h0"] });
}

describe("a loop over time", () => {
  test.each([2, 3, 4])("goes through without a barrier when the batch is shared out among %i", (threads) => {
    const program = programOf(recurrent(64), { T: 20, B: 32 }, "reproducible");
    const { pieces, barriers } = schedule(program, planMemory(program, threads), threads);
    const loops = stepsOf(program.main).flatMap((step) => (step.kind === "loop" ? [step.loop.body] : []));
    expect(loops).toHaveLength(2);
    for (const step of loops.flatMap(stepsOf)) {
      expect(barriers.has(step)).toBe(false);
      if (step.kind === "call") expect(pieces.get(step)?.every((piece) => piece !== undefined)).toBe(true);
    }
  });

  test("has barriers when one example is all there is, and its products are shared out by columns", () => {
    const program = programOf(recurrent(512), { T: 20, B: 1 }, "reproducible");
    const made = schedule(program, planMemory(program, 2), 2);
    const [body] = stepsOf(program.main).flatMap((step) => (step.kind === "loop" ? [step.loop.body] : []));
    expect(body.steps.some((step) => made.barriers.has(step))).toBe(true);
  });

  test("stays on one thread when it is too small", () => {
    const program = programOf(recurrent(3), { T: 20, B: 2 }, "reproducible");
    const { pieces, barriers } = schedule(program, planMemory(program, 2), 2);
    expect(barriers.size).toBe(0);
    for (const [, [first, second]] of pieces) expect([first !== undefined, second]).toEqual([true, undefined]);
  });
});

test("where state advances, all threads have passed what may stop the run", () => {
  const g = buildGraph("stops");
  const table = g.param("table", f32(8, 64));
  const ids = g.param("ids", i32(4));
  const weights = g.param("weights", f32(256, 64));
  const rows = g.gather(table, ids, { axis: 0, batch: 0 });
  const graph = g.build({ rows, next: g.add(weights, weights) }, [{ param: "weights", next: "next" }]);
  const program = programOf(graph, {}, "reproducible");
  const { barriers } = schedule(program, planMemory(program, 2), 2, 0);
  const steps = stepsOf(program.main);
  const stops = steps.findIndex((step) => step.kind === "call" && step.kernel.sharing().stops);
  const commits = steps.findIndex((step) => step.kind === "commit");
  expect(stops).toBeGreaterThanOrEqual(0);
  expect(steps.slice(stops + 1, commits + 1).some((step) => barriers.has(step))).toBe(true);
});
