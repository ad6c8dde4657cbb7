/** gradient, pullback and checkGradients as a user meets them: zeros, sums over paths, refusals, reports. */
import { expect, test } from "vitest";
import fc from "fast-check";
import { checkGradients } from "../src/autodiff/check-gradients.js";
import { gradient } from "../src/autodiff/gradient.js";
import { flowNetwork } from "../src/autodiff/min-cut.js";
import { pullback } from "../src/autodiff/pullback.js";
import { DifferentiationError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { matmul, softmax } from "../src/graph/derived.js";
import { evaluate } from "../src/graph/evaluate.js";
import { call, scan } from "../src/graph/scan-builder.js";
import { verifyGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import { optimize } from "../src/passes/index.js";
import { bool, f32, f64, i32, type TensorType } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";

const numbers = (type: TensorType, ...data: readonly number[]): Tensor => ({ type, data: Float64Array.from(data) });

test("zeros for a parameter that nothing depends on", () => {
  const g = buildGraph("unused");
  const x = g.param("x", f64(2));
  g.param("unused", f64("B", 3));
  const graph = gradient(g.build({ loss: g.reduceSum(x, { axes: [0] }) }), { of: "loss", wrt: ["unused", "x"] });
  const results = evaluate(graph, { x: numbers(f64(2), 1, 2), unused: numbers(f64(1, 3), 1, 2, 3) });
  expect([...results["grad.unused"].data]).toEqual([0, 0, 0]);
  expect([...results["grad.x"].data]).toEqual([1, 1]);
});

test("a value that is used several times gets the sum, and state pairs survive", () => {
  const g = buildGraph("twice");
  const x = g.param("x", f64());
  const y = g.mul(x, x);
  const built = g.build({ loss: g.add(g.mul(y, x), y), next: x }, [{ param: "x", next: "next" }]);
  const graph = gradient(built, { of: "loss", wrt: ["x"] });
  // d(x³ + x²) = 3x² + 2x
  expect([...evaluate(graph, { x: numbers(f64(), 5) })["grad.x"].data]).toEqual([85]);
  expect(graph.state).toEqual(built.state);
});

test("stopGradient stops it, and the gradient of a gradient is exact for a polynomial", () => {
  const g = buildGraph("polynomial");
  const x = g.param("x", f64());
  const fourth = g.mul(g.mul(x, x), g.mul(x, x));
  const graph = g.build({ loss: g.add(fourth, g.stopGradient(g.exp(x))) });
  const first = gradient(graph, { of: "loss", wrt: ["x"] });
  const second = gradient(first, { of: "grad.x", wrt: ["x"] });
  expect([...evaluate(first, { x: numbers(f64(), 2) })["grad.x"].data]).toEqual([32]);
  const { "grad.x": slope, "grad.grad.x": curvature } = evaluate(second, { x: numbers(f64(), 2) });
  expect([...slope.data, ...curvature.data]).toEqual([32, 48]);
});

test("origins: nodes of the derivative come from where the node came from that they differentiate", () => {
  const g = buildGraph("origins");
  const x = g.param("x", f64());
  const graph = g.build({ loss: g.at("/layers/3", () => g.tanh(x)) });
  const origins = gradient(graph, { of: "loss", wrt: ["x"] })
    .nodes.filter((node) => node.op !== "constant")
    .map((node) => node.origin);
  expect(new Set(origins)).toEqual(new Set(["/layers/3"]));
});

test("through call, and through a call inside a scan", () => {
  const inner = buildGraph("cell");
  const cell = inner.build({
    next: inner.tanh(inner.mul(inner.param("h", f64("B")), inner.param("w", f64("B")))),
    unread: inner.constant({ dtype: "i32", dims: [], data: [3] }),
  });
  const g = buildGraph("caller");
  const w = g.param("w", f64("B"));
  const h0 = g.param("h0", f64("B"));
  const { final } = scan(g, { init: { h: h0 }, length: 4 }, (step, { carry: { h } }) => ({
    carry: { h: call(step, cell, { h, w }).next },
    y: {},
  }));
  const { next } = call(g, cell, { h: final.h, w });
  const graph = g.build({ loss: g.reduceSum(next, { axes: [0] }) });
  const inputs = { w: numbers(f64(2), 0.7, -1.2), h0: numbers(f64(2), 0.4, 0.9) };
  for (const check of checkGradients(graph, inputs, { of: "loss", wrt: ["w", "h0"], tolerance: 1e-9 }))
    expect(check).toMatchObject({ passed: true });
  const again = gradient(graph, { of: "loss", wrt: ["w", "h0"] });
  const g2 = buildGraph("second");
  const params = again.params.map((param) => g2.param(param.name, param.type));
  const outputs = g2.inline(again, params);
  const second = g2.build({ loss: g2.reduceSum(g2.mul(outputs[1], outputs[1]), { axes: [0] }) });
  for (const check of checkGradients(second, inputs, { of: "loss", wrt: ["w", "h0"], tolerance: 1e-8 }))
    expect(check).toMatchObject({ passed: true });
});

function issueOf(build: () => unknown): { readonly code: string; readonly message: string } {
  try {
    build();
  } catch (error) {
    if (!(error instanceof DifferentiationError)) throw error;
    return { code: error.issues[0].code, message: error.message };
  }
  throw new Error("nothing was thrown");
}

test("an index that becomes a number again has no derivative, and the error names the node and its origin", () => {
  const g = buildGraph("hard");
  const logits = g.param("logits", f32(3, 5));
  const best = g.argmax(logits, { axis: 1 });
  const chosen = g.at("/layers/2", () => g.named("chosen", g.cast(best, { dtype: "f32" })));
  const graph = g.build({ loss: g.reduceSum(chosen, { axes: [0] }) });
  const { code, message } = issueOf(() => gradient(graph, { of: "loss", wrt: ["logits"] }));
  expect(code).toBe("gradient.no-derivative");
  expect(message).toContain("%chosen = cast(%argmax)");
  expect(message).toContain("/layers/2");
  expect(message).toContain("stopGradient");
});

test("but as an index it may be used: the gradient flows through what is looked up", () => {
  const g = buildGraph("greedy");
  const logits = g.param("logits", f64(3));
  const table = g.param("table", f64(3, 2));
  const row = g.gather(table, g.reshape(g.argmax(logits, { axis: 0 }), { dims: [1] }), { axis: 0, batch: 0 });
  const mask = g.cast(g.lt(0, logits), { dtype: "f64" });
  const loss = g.add(g.reduceSum(row, { axes: [0, 1] }), g.reduceSum(g.mul(mask, logits), { axes: [0] }));
  const results = evaluate(gradient(g.build({ loss }), { of: "loss", wrt: ["logits", "table"] }), {
    logits: numbers(f64(3), -1, 5, 2),
    table: numbers(f64(3, 2), 1, 2, 3, 4, 5, 6),
  });
  expect([...results["grad.table"].data]).toEqual([0, 0, 1, 1, 0, 0]);
  expect([...results["grad.logits"].data]).toEqual([0, 1, 1]);
});

test("a call that depends on what is asked for by a mask alone has the derivative zero", () => {
  const chooser = buildGraph("chooser");
  const values = ["y", "z"].map((name) => chooser.param(name, f64(3)));
  const chosen = chooser.build({ chosen: chooser.select(chooser.param("mask", bool(3)), values[0], values[1]) });
  const g = buildGraph("masked");
  const [x, y, z] = ["x", "y", "z"].map((name) => g.param(name, f64(3)));
  const all = call(g, chosen, { y, z, mask: g.lt(x, 0) });
  const graph = gradient(g.build({ loss: g.reduceSum(g.add(all.chosen, x), { axes: [0] }) }), {
    of: "loss",
    wrt: ["x"],
  });
  expect(verifyGraph(optimize(graph))).toEqual([]);
  const results = evaluate(graph, {
    x: numbers(f64(3), -1, 0, 1),
    y: numbers(f64(3), 1, 2, 3),
    z: numbers(f64(3), 10, 20, 30),
  });
  expect([...results["grad.x"].data]).toEqual([1, 1, 1]);
  expect([...results["loss"].data]).toEqual([51]);
});

test("unknown names, integers and tensors are refused, all wrong names at once", () => {
  const g = buildGraph("refused");
  const W = g.param("weights", f32(2));
  const n = g.param("ids", i32(2));
  const graph = g.build({ loss: g.reduceSum(W, { axes: [0] }), all: W, flags: g.eq(n, n) });
  expect(issueOf(() => gradient(graph, { of: "loss", wrt: ["weigths"] })).message).toContain('did you mean "weights"?');
  expect(issueOf(() => gradient(graph, { of: "loss", wrt: ["ids"] })).code).toBe("gradient.not-a-float");
  expect(issueOf(() => gradient(graph, { of: "all", wrt: ["weights"] })).code).toBe("gradient.not-a-scalar");
  expect(issueOf(() => gradient(graph, { of: "lost", wrt: ["weights"] })).code).toBe("gradient.unknown-output");
  expect(issueOf(() => pullback(graph, { of: ["flags"], wrt: ["weights"] })).code).toBe("gradient.not-a-float");
  expect(
    issueOf(() => gradient(graph, { of: "loss", wrt: ["a", "b"] })).message.match(/unknown-parameter/g),
  ).toHaveLength(2);
});

test("pullback takes cotangents of several outputs", () => {
  const g = buildGraph("several");
  const x = g.param("x", f64(3));
  const W = g.param("W", f64(3, 2));
  const graph = pullback(
    g.build({ probabilities: softmax(g, x, { axis: 0 }), product: matmul(g, x, W), mask: g.eq(x, x) }),
    {
      of: ["product"],
      wrt: ["x", "W"],
    },
  );
  expect(graph.params.map((param) => param.name)).toEqual(["x", "W", "ct.product"]);
  const results = evaluate(graph, {
    x: numbers(f64(3), 1, 2, 3),
    W: numbers(f64(3, 2), 1, 2, 3, 4, 5, 6),
    "ct.product": numbers(f64(2), 1, 10),
  });
  expect([...results["grad.x"].data]).toEqual([21, 43, 65]);
  expect([...results["grad.W"].data]).toEqual([1, 10, 2, 20, 3, 30]);
  expect(results.mask.type).toEqual(bool(3));
});

test("checkGradients finds a wrong gradient, and says where it is worst", () => {
  const g = buildGraph("wrong");
  const x = g.param("x", f64(3));
  const y = g.param("y", f64(2));
  // The value of x² with the derivative of the identity, for the last element only.
  const last = g.eq(g.iota({ dtype: "i32", dims: [3], axis: 0 }), 2);
  const trick = g.add(g.stopGradient(g.sub(g.mul(x, x), x)), x);
  const loss = g.add(
    g.reduceSum(g.select(last, trick, g.mul(x, x)), { axes: [0] }),
    g.reduceSum(g.sin(y), { axes: [0] }),
  );
  const [ofX, ofY] = checkGradients(
    g.build({ loss }),
    { x: numbers(f64(3), 1, 2, 3), y: numbers(f64(2), 1, 2) },
    { of: "loss", wrt: ["x", "y"] },
  );
  expect(ofX).toMatchObject({ param: "x", passed: false, worst: 2, gradient: 1, checked: 3 });
  expect(ofX.difference).toBeCloseTo(6, 8);
  expect(ofY).toMatchObject({ param: "y", passed: true, checked: 2 });
});

test("checkGradients does not take NaN for agreement", () => {
  const g = buildGraph("nan");
  const x = g.param("x", f64(1));
  const graph: Graph = g.build({ loss: g.reduceSum(g.sqrt(x), { axes: [0] }) });
  expect(checkGradients(graph, { x: numbers(f64(1), -1) }, { of: "loss", wrt: ["x"] })[0].passed).toBe(false);
});

test("minimum cut: of all cuts of least capacity, the one nearest to the sink (against trying all of them)", () => {
  const edge = fc.record({ from: fc.nat(5), to: fc.nat(5), capacity: fc.oneof(fc.nat(4), fc.constant(Infinity)) });
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 14 }), (edges) => {
      const [source, sink, count] = [0, 5, 6];
      const network = flowNetwork(count);
      for (const { from, to, capacity } of edges) network.edge(from, to, capacity);
      const capacityOf = (atSink: readonly boolean[]): number =>
        edges.reduce((sum, { from, to, capacity }) => sum + (!atSink[from] && atSink[to] ? capacity : 0), 0);
      const cuts = Array.from({ length: 1 << (count - 2) }, (_, bits) =>
        Array.from({ length: count }, (__, v) => v === sink || (v !== source && ((bits >> (v - 1)) & 1) === 1)),
      );
      const least = Math.min(...cuts.map(capacityOf));
      const found = network.sinkSide(source, sink);
      if (least === Infinity) return found === undefined;
      const fewest = Math.min(
        ...cuts.filter((cut) => capacityOf(cut) === least).map((cut) => cut.filter((atSink) => atSink).length),
      );
      return found !== undefined && capacityOf(found) === least && found.filter((atSink) => atSink).length === fewest;
    }),
    { numRuns: 500 },
  );
});
