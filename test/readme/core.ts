import { buildGraph, evaluate, f64, gradient, parseGraph, printGraph } from "@latchgrad/core";

const g = buildGraph("square");
const x = g.param("x", f64("B"));
const graph = g.build({ y: g.reduceSum(g.mul(x, x), { axes: [0] }) });

const slope = gradient(graph, { of: "y", wrt: ["x"] });
const point = { x: { type: f64(3), data: Float64Array.of(1, 2, 3) } };
console.log(evaluate(slope, point)["grad.x"].data.join(" "));

const second = parseGraph(printGraph(slope));
console.log(printGraph(second) === printGraph(slope));
