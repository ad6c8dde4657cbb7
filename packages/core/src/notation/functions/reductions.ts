/** Functions that bring axes together, and those that follow an axis. */
import { layerNorm, logSoftmax, logsumexp, mean, rmsNorm, softmax, unitNorm, variance } from "../../graph/derived.js";
import type { GraphBuilder } from "../../graph/builder.js";
import { ops } from "../../ops/index.js";
import type { Op, Value } from "../../ops/op.js";
import type { PrefixAttrs } from "../../ops/prefix.js";
import type { ElementwiseOp } from "../elementwise.js";
import { tensorOf } from "../quantity.js";
import { elementwise } from "./elementwise-functions.js";
import type { Call, NotationFunction } from "./function.js";

type Reduce = (g: GraphBuilder, x: Value, axes: number[]) => Value;

const V_AND_AXIS = [{ name: "v" }, { name: "axis", standard: "all" }] as const;

/** Reduces the axis that the call names, or all of one example. */
function reduced(call: Call, reduce: Reduce): ReturnType<NotationFunction["apply"]> {
  const v = call.floats("v");
  const axes = call.has("axis") ? [call.axis("axis", v, -1)] : [...call.allAxes(v)];
  return axes.length === 0 ? v : tensorOf(reduce(call.g, v.value, axes), v.batched);
}

const reduction = (name: string, summary: string, reduce: Reduce): NotationFunction => ({
  name,
  parameters: V_AND_AXIS,
  summary,
  apply: (call) => reduced(call, reduce),
});

/** With two values the larger or smaller of both; with one, the largest or smallest element. */
const extreme = (name: string, op: ElementwiseOp, which: string, reduce: Reduce): NotationFunction => ({
  name,
  parameters: [{ name: "a" }, { name: "b", standard: "none" }, { name: "axis", standard: "all", named: true }],
  summary: `The ${which} of two values, element by element; of one value, its ${which} element, along one axis or over all.`,
  apply(call) {
    if (call.has("b")) {
      if (call.has("axis"))
        call.refuse({ code: "notation.arguments", problem: `${name} takes two values or an axis, not both` }, "axis");
      return elementwise(call, op, ["a", "b"]);
    }
    const v = call.floats("a");
    const axes = call.has("axis") ? [call.axis("axis", v, -1)] : [...call.allAxes(v)];
    return axes.length === 0 ? v : tensorOf(reduce(call.g, v.value, axes), v.batched);
  },
});

/** √Σ v². Where all elements are 0 the derivative is taken as 0 instead of 0/0. */
const norm: Reduce = (g, x, axes) => {
  const squares = g.reduceSum(g.mul(x, x), { axes });
  const isZero = g.eq(squares, 0);
  return g.select(isZero, 0, g.sqrt(g.select(isZero, 1, squares)));
};

const along = (
  name: string,
  summary: string,
  build: (call: Call, x: Value, axis: number) => Value,
  epsilon = false,
): NotationFunction => ({
  name,
  parameters: [
    { name: "v" },
    { name: "axis", standard: "-1" },
    ...(epsilon ? [{ name: "epsilon", standard: "1e-5" }] : []),
  ],
  summary,
  apply(call) {
    const v = call.floats("v");
    const axis = call.axis("axis", v, -1);
    return tensorOf(build(call, v.value, axis), v.batched);
  },
});

/** Every op that follows an axis, such as cumsum, so that a new one is a function at once. */
const isPrefixOp = (op: { readonly kind: string }): boolean => {
  const { arity, attrs } = op as Op;
  return op.kind === "op" && arity === 1 && Object.keys(attrs).sort().join() === "axis,reverse";
};
const prefixOps = Object.values(ops)
  .filter(isPrefixOp)
  .map((op) =>
    along(op.name, op.summary, (call, x, axis) =>
      call.g.emit(op as unknown as Op<1, PrefixAttrs>, [x], { axis, reverse: false }),
    ),
  );

export const reductions: readonly NotationFunction[] = [
  reduction("sum", "Sum of the elements.", (g, x, axes) => g.reduceSum(x, { axes })),
  reduction("mean", "Mean of the elements.", (g, x, axis) => mean(g, x, { axis })),
  reduction("variance", "Mean of the squared differences from the mean.", (g, x, axis) => variance(g, x, { axis })),
  reduction("norm", "Euclidean norm √Σ v²; its derivative at 0 is taken as 0.", norm),
  reduction("logsumexp", "ln Σ e^v, without overflow.", (g, x, axis) => logsumexp(g, x, { axis })),
  extreme("max", ops.max, "largest", (g, x, axes) => g.reduceMax(x, { axes })),
  extreme("min", ops.min, "smallest", (g, x, axes) => g.neg(g.reduceMax(g.neg(x), { axes }))),
  along("softmax", "e^v / Σ e^v along an axis, without overflow.", ({ g }, x, axis) => softmax(g, x, { axis })),
  along("logSoftmax", "ln softmax(v), also where softmax rounds to 0.", ({ g }, x, axis) => logSoftmax(g, x, { axis })),
  along(
    "layerNorm",
    "(v - mean) / √(variance + epsilon) along an axis (Ba, Kiros, Hinton 2016), without gain and bias.",
    (call, x, axis) => layerNorm(call.g, x, { axis, epsilon: call.number("epsilon", 1e-5) }),
    true,
  ),
  along(
    "rmsNorm",
    "v / √(mean of v² + epsilon) along an axis (Zhang, Sennrich 2019), without gain.",
    (call, x, axis) => rmsNorm(call.g, x, { axis, epsilon: call.number("epsilon", 1e-5) }),
    true,
  ),
  along(
    "unitNorm",
    "v / √(sum of v² + epsilon) along an axis: of length 1, but for the epsilon.",
    (call, x, axis) => unitNorm(call.g, x, { axis, epsilon: call.number("epsilon", 1e-5) }),
    true,
  ),
  ...prefixOps,
];
