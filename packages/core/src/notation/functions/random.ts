/** Functions with random numbers. They are random while training only; otherwise each is its expectation. */
import type { Dims } from "../../shape/tensor-type.js";
import { stretch, tensorOf, type TensorQuantity } from "../quantity.js";
import type { Call, NotationFunction } from "./function.js";

/** The share of elements that are dropped, in [0, 1). */
function rateOf(call: Call): number {
  const rate = call.number("rate");
  if (rate >= 0 && rate < 1) return rate;
  return call.refuse(
    { code: "notation.number", problem: "a rate is 0 or more and less than 1", received: String(rate) },
    "rate",
  );
}

const batchedDims = (call: Call, dims: Dims): Dims => [...call.batch, ...dims];

/** True with probability 1 - rate: as in the dropout layer. */
const isKept = (call: Call, dims: Dims, rate: number) => call.g.le(rate, call.uniform(batchedDims(call, dims)));

const inBatch = (call: Call, tensor: TensorQuantity): TensorQuantity => stretch(call, tensor, call.dims(tensor), true);

const dropout: NotationFunction = {
  name: "dropout",
  parameters: [{ name: "v" }, { name: "rate" }],
  summary: "While training, elements are 0 with probability rate and otherwise divided by 1 - rate, anew at each step.",
  apply(call) {
    const v = call.floats("v");
    const rate = rateOf(call);
    if (!call.training || rate === 0) return v;
    const { g } = call;
    const kept = isKept(call, call.dims(v), rate);
    return tensorOf(g.select(kept, g.mul(inBatch(call, v).value, 1 / (1 - rate)), 0), true);
  },
};

const dropoutMask: NotationFunction = {
  name: "dropoutMask",
  parameters: [{ name: "rate" }, { name: "size", sizes: true }],
  summary:
    "What dropout multiplies with: while training 0 or 1 / (1 - rate), otherwise 1. In once: one mask for a sequence.",
  apply(call) {
    const rate = rateOf(call);
    const dims = call.sizes("size");
    const { g, dtype } = call;
    if (!call.training || rate === 0) return tensorOf(g.constant({ dtype, dims, data: [1] }), false);
    const scale = g.constant({ dtype, dims: [], data: [1 / (1 - rate)] });
    return tensorOf(g.select(isKept(call, dims, rate), scale, 0), true);
  },
};

const zoneout: NotationFunction = {
  name: "zoneout",
  parameters: [{ name: "new" }, { name: "old" }, { name: "rate" }],
  summary:
    "While training, elements stay old with probability rate; otherwise rate · old + (1 - rate) · new (Krueger et al. 2017).",
  apply(call) {
    const rate = rateOf(call);
    const { values, batched } = call.align([call.quantity("new"), call.quantity("old")]);
    const [next, old] = values.map((value) => tensorOf(value, batched));
    if (rate === 0) return next;
    const { g } = call;
    if (!call.training) return tensorOf(g.add(g.mul(old.value, rate), g.mul(next.value, 1 - rate)), batched);
    const kept = isKept(call, call.dims(next), rate);
    return tensorOf(g.select(kept, inBatch(call, next).value, inBatch(call, old).value), true);
  },
};

export const randomFunctions: readonly NotationFunction[] = [dropout, dropoutMask, zoneout];
