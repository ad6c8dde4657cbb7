/** Functions of each element: the ops of one operand under their names, and the derived ones. */
import { sigmoidLane } from "../../kernel/exponential.js";
import { logAddExpLane } from "../../kernel/log-add-exp.js";
import { onNumbers } from "../../kernel/portable-math.js";
import { gelu, logSigmoid, relu, silu, softplus, square } from "../../graph/derived.js";
import type { Primitives } from "../../graph/primitives.js";
import { ops } from "../../ops/index.js";
import type { Op, Value } from "../../ops/op.js";
import { applyElementwise, type ElementwiseOp } from "../elementwise.js";
import { numberOf, tensorOf, type Quantity } from "../quantity.js";
import type { Call, NotationFunction, Parameter } from "./function.js";

const V: readonly Parameter[] = [{ name: "v" }];
const A_B: readonly Parameter[] = [{ name: "a" }, { name: "b" }];

/** Applies an elementwise op to arguments, or refuses the call. */
export function elementwise(call: Call, op: ElementwiseOp, parameters: readonly string[]): Quantity {
  const result = applyElementwise(call, op, parameters.map(call.quantity));
  if (typeof result !== "string") return result;
  return call.refuse({
    code: "notation.shape",
    problem:
      result === "sizes"
        ? "both sides have equal sizes on each axis, counted from the last, or size 1"
        : `the arguments are ${result === "condition" ? "conditions" : "numbers"}`,
    received: call.describe(...parameters),
  });
}

/** Every op of one operand that has no attributes, so that a new one is a function at once. */
const isUnaryFunction = (op: { readonly kind: string }): op is Op<1> => {
  const { arity, traits, attrs } = op as Op;
  return (
    op.kind === "op" && arity === 1 && traits.elementwise === true && attrs !== null && Object.keys(attrs).length === 0
  );
};
/** Written by signs. */
const BY_SIGN: readonly unknown[] = [ops.neg, ops.not];

const unaryOps = Object.values(ops)
  .filter(isUnaryFunction)
  .filter((op) => !BY_SIGN.includes(op))
  .map((op): NotationFunction => ({
    name: op.name,
    parameters: V,
    summary: op.summary,
    apply: (call) => elementwise(call, op, ["v"]),
  }));

const derived = (
  name: string,
  summary: string,
  build: (g: Primitives, x: Value) => Value,
  now: (x: number) => number,
): NotationFunction => ({
  name,
  parameters: V,
  summary,
  apply(call) {
    const given = call.quantity("v");
    if (given.kind === "number") return numberOf(now(given.value));
    const v = call.floats("v");
    return tensorOf(build(call.g, v.value), v.batched);
  },
});

const ofTwo = (op: ElementwiseOp): NotationFunction => ({
  name: op.name,
  parameters: A_B,
  summary: op.summary,
  apply: (call) => elementwise(call, op, ["a", "b"]),
});

const where: NotationFunction = {
  name: "where",
  parameters: [{ name: "condition" }, { name: "a" }, { name: "b" }],
  summary:
    "a where the condition holds, b elsewhere; shapes as in elementwise operations, or of the one that a condition known before the run chooses.",
  apply(call) {
    const condition = call.quantity("condition");
    if (condition.kind === "truth") return call.quantity(condition.value ? "a" : "b");
    const c = call.tensor("condition");
    if (c.value.type.dtype !== "bool")
      call.refuse(
        {
          code: "notation.shape",
          problem: "the first argument of where is a condition",
          received: call.describe("condition"),
          hint: "compare with a number: where(v > 0, a, b)",
        },
        "condition",
      );
    const { values, batched } = call.align([c, call.tensor("a"), call.tensor("b")]);
    return tensorOf(call.g.select(values[0], values[1], values[2]), batched);
  },
};

const sigmoidNow = onNumbers(sigmoidLane);
const softplusNow = (x: number): number => onNumbers(logAddExpLane)(x, 0);

export const elementwiseFunctions: readonly NotationFunction[] = [
  ...unaryOps,
  derived("relu", "max(v, 0).", relu, (x) => (x <= 0 ? 0 : x)),
  derived("square", "v².", square, (x) => x * x),
  derived("softplus", "ln(1 + e^v).", softplus, softplusNow),
  derived("logSigmoid", "ln sigmoid(v), also where sigmoid rounds to 0.", logSigmoid, (x) => -softplusNow(-x)),
  derived("silu", "v · sigmoid(v), also known as swish.", silu, (x) => x * sigmoidNow(x)),
  {
    name: "gelu",
    parameters: V,
    summary: "v · Φ(v), exactly.",
    apply(call) {
      const v = call.floats("v");
      return tensorOf(gelu(call.g, v.value), v.batched);
    },
  },
  ofTwo(ops.pow),
  ofTwo(ops.mod),
  ofTwo(ops.logAddExp),
  where,
];
