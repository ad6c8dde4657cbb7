/** Values side by side are what each of them is alone, whichever of them takes the rare way. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { sideBySide } from "../src/codegen/side-by-side.js";
import { buildGraph, compile, f32, type Value } from "../src/index.js";
import { divLane, modLane } from "../src/kernel/division.js";
import { expLane, expm1Lane, sigmoidLane, tanhLane } from "../src/kernel/exponential.js";
import type { LaneFunction } from "../src/kernel/kernel.js";
import { laneOf, numberLanes, numberOf } from "../src/kernel/number-lanes.js";
import { powLane } from "../src/kernel/power.js";
import { cosLane, sinLane } from "../src/kernel/trigonometric.js";

/** Of all magnitudes: arguments of sines from 2^16 on, and quotients from 2^23 on, are rare. */
const float = fc.float({ noDefaultInfinity: true });
const functions: Readonly<Record<string, LaneFunction>> = {
  exp: (k, x) => expLane(k, x),
  expm1: (k, x) => expm1Lane(k, x),
  sigmoid: (k, x) => sigmoidLane(k, x),
  tanh: (k, x) => tanhLane(k, x),
  sin: (k, x) => sinLane(k, x),
  cos: (k, x) => cosLane(k, x),
  pow: (k, x, y) => powLane(k, x, y),
  div: (k, x, y) => divLane(k, x, y),
  mod: (k, x, y) => modLane(k, x, y),
};

describe("lane functions on values side by side", () => {
  const lanes = numberLanes();
  for (const [name, lane] of Object.entries(functions))
    test.prop([fc.array(fc.tuple(float, float), { minLength: 1, maxLength: 4 })], { numRuns: 200 })(name, (pairs) => {
      const operands = [0, 1].map((i) => pairs.map((pair) => laneOf("f32", pair[i])));
      const together = lane(sideBySide(lanes, pairs.length), ...operands);
      const alone = pairs.map((_, i) => lane(lanes, ...operands.map((values) => values[i])));
      expect(together.map(numberOf)).toEqual(alone.map(numberOf));
    });
});

/** Rows of a width at which loops have turns of several vectors, of one, and of single elements; and the input is written over nowhere. */
test.prop([fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 39 }), fc.infiniteStream(float)], { numRuns: 20 })(
  "compiled loops compute them so",
  async (rows, columns, stream) => {
    const g = buildGraph("long");
    const x = g.param("x", f32(rows, columns));
    const bias = g.broadcast(g.param("bias", f32(columns)), { dims: [rows, columns], axes: [1] });
    const sum: Value = g.add(x, bias);
    const graph = g.build({ sine: g.sin(sum), product: g.mul(g.tanh(sum), g.sigmoid(x)) });
    const executable = await compile(graph, { precision: "reproducible" });
    const numbers = (count: number): Float32Array<ArrayBuffer> => Float32Array.from(stream.take(count));
    const [data, biases] = [numbers(rows * columns), numbers(columns)];
    const out = await executable.run({
      x: { dtype: "f32", dims: [rows, columns], data },
      bias: { dtype: "f32", dims: [columns], data: biases },
    });
    executable.dispose();
    const lanes = numberLanes();
    const expected = Array.from(data, (value, i) => {
      const [own, added] = [value, biases[i % columns]].map((number) => laneOf("f32", number));
      const at = lanes.add(own, added);
      return [sinLane(lanes, at), lanes.mul(tanhLane(lanes, at), sigmoidLane(lanes, own))].map(numberOf);
    });
    expect(Array.from(out.sine.data)).toEqual(expected.map(([sine]) => sine));
    expect(Array.from(out.product.data)).toEqual(expected.map(([, product]) => product));
  },
);
