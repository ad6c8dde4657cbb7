import {
  buildGraph,
  checkGradients,
  compile,
  f64,
  gradient,
  matmul,
  printGraph,
  scan,
  toTensor,
} from "@latchgrad/core";

// h' = tanh(x W + h U), over T steps, for a batch of B sequences. Neither T nor B is a number yet.
const g = buildGraph("rnn");
const x = g.param("x", f64("T", "B", 2));
const W = g.param("W", f64(2, 3));
const U = g.param("U", f64(3, 3));
const zeros = g.constant({ dtype: "f64", dims: ["B", 3], data: [0] });
const { final } = scan(g, { init: { h: zeros }, xs: { x } }, (step, { carry: { h }, x: { x: row } }) => ({
  carry: { h: step.tanh(step.add(matmul(step, row, W), matmul(step, h, U))) },
  y: {},
}));
const graph = g.build({ loss: g.reduceSum(g.mul(final.h, final.h), { axes: [0, 1] }) });
console.log(printGraph(graph));

// The gradient is a graph like any other: it can be printed, saved, run and differentiated again.
const executable = await compile(gradient(graph, { of: "loss", wrt: ["W", "U"] }));
const waves = (...dims: number[]) => ({
  dtype: "f64" as const,
  dims,
  data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
});
const inputs = { x: waves(5, 1, 2), W: waves(2, 3), U: waves(3, 3) };
const results = await executable.run(inputs);
console.log("loss", results.loss.data[0].toFixed(6), "grad.U[0,0]", results["grad.U"].data[0].toFixed(6));

// Any graph's gradient can be held against central differences.
const point = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toTensor(value)]));
for (const { param, checked, passed } of checkGradients(graph, point, { of: "loss", wrt: ["W", "U"] }))
  console.log(param, checked, "elements", passed ? "agree" : "differ");
