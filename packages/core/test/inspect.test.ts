/** What loops are made of, and gradients of values inside them by nudges, against finite differences and by hand. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { buildGraph, type RegionBuilder } from "../src/graph/builder.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { inspectLoops } from "../src/graph/inspect.js";
import { lastStepOnly, nudgeGraph, nudgeName } from "../src/graph/nudge.js";
import { scan } from "../src/graph/scan-builder.js";
import { traceGraph } from "../src/graph/trace.js";
import { verifyGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { f64 } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { lstmGraph, lstmPoint } from "./recurrent.js";

const tensor = (dims: readonly number[], data: ArrayLike<number>): Tensor => ({
  type: f64(...dims),
  data: Float64Array.from(data),
});
const zeros = (...dims: readonly number[]): Tensor => tensor(dims, new Float64Array(dims.reduce((a, b) => a * b, 1)));

describe("nudges", () => {
  const STEPS = 4;
  const BATCH = 3;
  const UNITS = 4;
  const loss = (graph: Graph, point: Tensors): number => evaluate(graph, point)["loss"].data[0];

  test.each([
    ["final", false, undefined],
    ["steps", false, undefined],
    ["steps", true, undefined],
    ["steps", false, [4, 1, 3]],
    ["final", true, [4, 1, 3]],
  ] as const)("their gradient is that of the value: reads %s, reverse %s, lengths %s", (reads, reverse, lengths) => {
    const plain = lstmGraph({ reads, reverse, ...(lengths === undefined ? {} : { outputs: "zero" }) });
    const [{ states, values }] = inspectLoops(plain).loops;
    const forget = values.find(({ name }) => name === "forget");
    const paths = [...states.map(({ next }) => next), ...(forget === undefined ? [] : [forget.path])];
    expect(paths).toHaveLength(3);
    const graph = nudgeGraph(plain, paths);
    expect(verifyGraph(graph)).toEqual([]);
    const none = Object.fromEntries(paths.map((path) => [nudgeName(path), zeros(STEPS, BATCH, UNITS)]));
    const point: Tensors = { ...Object.fromEntries(lstmPoint(STEPS, BATCH, lengths)), ...none };
    expect(loss(graph, point)).toBe(loss(plain, Object.fromEntries(lstmPoint(STEPS, BATCH, lengths))));
    const gradients = evaluate(gradient(graph, { of: "loss", wrt: paths.map(nudgeName) }), point);
    const size = 1e-6;
    for (const path of paths) {
      const analytic = gradients[`grad.${nudgeName(path)}`].data;
      for (let i = 0; i < analytic.length; i += 5) {
        const at = (by: number): number =>
          loss(graph, {
            ...point,
            [nudgeName(path)]: tensor([STEPS, BATCH, UNITS], none[nudgeName(path)].data.with(i, by)),
          });
        expect(analytic[i], `${path} ${i}`).toBeCloseTo((at(size) - at(-size)) / (2 * size), 7);
      }
      lengths?.forEach((length, b) => {
        for (let t = length; t < STEPS; t++)
          expect(Math.abs(analytic[(t * BATCH + b) * UNITS]), `${path} of a step beyond the length`).toBe(0);
      });
    }
  });

  test("of what is no float in a loop are refused", () => {
    expect(() => nudgeGraph(lstmGraph({ reads: "steps" }), ["h_final/forgett", "x"])).toThrow(/compile.unknown-nudge/);
  });

  test.each([
    [false, undefined],
    [true, undefined],
    [false, [4, 2, 3]],
  ] as const)(
    "only from the last step: the gradient of a loss that reads that step alone; reverse %s, lengths %s",
    (reverse, lengths) => {
      const options = { reverse, ...(lengths === undefined ? {} : ({ outputs: "zero" } as const)) };
      const all = lstmGraph({ reads: "steps", ...options });
      const [{ states }] = inspectLoops(all).loops;
      const [h] = states;
      const point: Tensors = {
        ...Object.fromEntries(lstmPoint(STEPS, BATCH, lengths)),
        [nudgeName(h.next)]: zeros(STEPS, BATCH, UNITS),
      };
      const wrt = [nudgeName(h.next)];
      const flow = (graph: Graph): Float64Array =>
        evaluate(gradient(graph, { of: "loss", wrt }), point)[`grad.${wrt[0]}`].data;
      const masked = lastStepOnly(nudgeGraph(all, [h.next]));
      expect(evaluate(masked, point)["loss"]).toEqual(
        evaluate(all, Object.fromEntries(lstmPoint(STEPS, BATCH, lengths)))["loss"],
      );
      const only = flow(masked);
      const whole = flow(nudgeGraph(all, [h.next]));
      const row = (data: Float64Array, t: number, b: number): readonly number[] => [
        ...data.slice((t * BATCH + b) * UNITS, (t * BATCH + b + 1) * UNITS),
      ];
      for (let b = 0; b < BATCH; b++) {
        const last = reverse ? 0 : (lengths?.[b] ?? STEPS) - 1;
        // Nothing comes from later steps to the last one, so there the two are the same.
        expect(row(only, last, b)).toEqual(row(whole, last, b));
        const before = reverse ? 1 : last - 1;
        if (before >= 0) expect(row(only, before, b)).not.toEqual(row(whole, before, b));
      }
    },
  );
});

type Make = (step: RegionBuilder, h: Value, row: Value) => Value;

/** A loop with one carry h [2,3], whose next value `next` makes from it and a row. */
function loopOf(next: Make): Graph {
  const g = buildGraph("loop");
  const x = g.param("x", f64("T", 2, 3));
  const { final } = scan(
    g,
    { init: { h: g.param("h0", f64(2, 3)) }, xs: { x } },
    (step, { carry: { h }, x: { x: row } }) => ({ carry: { h: next(step, h, row) }, y: {} }),
  );
  return g.build({ h: final.h });
}

const gateOf = (step: RegionBuilder, h: Value, row: Value): Value =>
  step.named("z", step.sigmoid(step.add(row, step.mul(h, 0.5))));

describe("what multiplies a state", () => {
  test("is the forget gate of an LSTM, and nothing for its output", () => {
    const { loops } = inspectLoops(lstmGraph({ reads: "final" }));
    expect(loops.map(({ states }) => states.map(({ name, factor }) => [name, factor?.name]))).toEqual([
      [
        ["h", undefined],
        ["c", "forget"],
      ],
    ]);
  });

  test.each<[string, Make, string | undefined, (z: number) => number]>([
    [
      "a named gate, though it depends on the state",
      (step, h, row) => {
        const z = gateOf(step, h, row);
        return step.add(step.mul(z, h), step.mul(step.sub(1, z), step.tanh(row)));
      },
      "z",
      (z) => z,
    ],
    [
      "what has no name",
      (step, h, row) => {
        const z = gateOf(step, h, row);
        return step.add(step.mul(z, row), step.mul(step.sub(1, z), h));
      },
      undefined,
      (z) => 1 - z,
    ],
    [
      "several paths together",
      (step, h, row) => {
        const z = gateOf(step, h, row);
        return step.sub(step.mul(step.mul(z, h), 3), step.sub(step.mul(z, h), row));
      },
      undefined,
      (z) => 2 * z,
    ],
  ])("%s", (_, make, name, wanted) => {
    const { graph, loops } = inspectLoops(loopOf(make));
    expect(verifyGraph(graph)).toEqual([]);
    const factor = loops[0].states[0].factor;
    expect(factor?.name).toBe(name);
    const numbers = Float64Array.from({ length: 12 }, (__, i) => Math.sin(i));
    const inputs = { x: tensor([2, 2, 3], numbers), h0: tensor([2, 3], numbers.slice(0, 6)) };
    const result = evaluate(traceGraph(graph, ["h_final/z", factor?.path ?? ""]), inputs);
    const traced = Object.entries(result).filter(([key]) => key.startsWith("trace."));
    const [z, keep] = [traced[0][1].data, traced[traced.length - 1][1].data];
    keep.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted(z[i]), 14);
    });
    expect(result["h"]).toEqual(evaluate(loopOf(make), inputs)["h"]);
  });

  test.each<[string, Make]>([
    ["a state inside a function", (step, h, row) => step.tanh(step.add(h, row))],
    ["the square of a state", (step, h, row) => step.add(step.mul(h, h), row)],
    ["other elements", (step, h, row) => step.add(step.mul(row, step.reverse(h, { axes: [1] })), row)],
  ])("is not: %s", (_, make) => {
    expect(inspectLoops(loopOf(make)).loops[0].states[0].factor).toBeUndefined();
  });
});

test("bounds follow from how values are computed", () => {
  const graph = loopOf((step, h, row) => {
    const z = gateOf(step, h, row);
    const k = step.named("k", step.sub(1, z));
    const both = step.named("both", step.mul(z, step.tanh(row)));
    step.named("wide", step.mul(z, row));
    step.named("part", step.slice(z, { start: [0, 0], limit: [2, 2], step: [1, 1] }));
    return step.named("twice", step.add(k, step.mul(both, 2)));
  });
  expect(inspectLoops(graph).loops[0].values.map(({ name, bounds }) => [name, bounds])).toEqual([
    ["z", [0, 1]],
    ["k", [0, 1]],
    ["both", [-1, 1]],
    ["wide", undefined],
    ["part", [0, 1]],
    ["twice", [-2, 3]],
  ]);
});
