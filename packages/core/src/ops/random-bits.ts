/** randomBits: random numbers as a function of (key, stream, step, index), so that nothing depends on the order of execution. */
import { aText, someDims } from "../ir/attrs.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { areValidDims, type Dims } from "../shape/tensor-type.js";
import { hashText } from "./hash-text.js";
import type { Op } from "./op.js";
import { bitsAt, bitsAtLane, foldIn, foldInLane } from "./threefry.js";

/**
 * `stream` names what the numbers are for, so that two uses of one key are independent and adding a
 * third changes neither. `step` is the training or time step, taken modulo 2³². A result of dims [2] is itself a
 * key: that is how keys for parts of a model are derived.
 */
export const randomBits: Op<2, { readonly stream: string; readonly dims: Dims }> = {
  kind: "op",
  name: "randomBits",
  summary: "Random 32-bit numbers by Threefry-2x32, equal for equal key, stream and step; two of them are a new key.",
  formula:
    "out[i] = y0 xor y1 of threefry(k, (high word of i, low word of i)), k = threefry(threefry(key, (0, fnv1a(stream))), (0, step))",
  operands: ["key", "step"],
  arity: 2,
  attrs: { stream: aText, dims: someDims },
  constraints: [
    {
      label: "C1",
      says: "a key of type u32[2]",
      holds: ([key]) => key.dtype === "u32" && key.dims.length === 1 && key.dims[0] === 2,
    },
    { label: "C2", says: "a step of type i32", holds: ([, step]) => step.dtype === "i32" && step.dims.length === 0 },
    { label: "C3", says: "dims of 0 or more", holds: (_, { dims }) => areValidDims(dims) },
  ],
  traits: {},
  result: (_, { dims }) => ({ dtype: "u32", dims }),
  evaluate([key, step], { stream }, type) {
    const ofStream = foldIn([key.data[0], key.data[1]], hashText(stream));
    const ofStep = foldIn(ofStream, step.data[0]);
    return new Float64Array(elementCount(sizesOf(type))).map((_, i) => bitsAt(ofStep, i));
  },
  kernel: (_, { stream }, type) => ({
    kind: "loops",
    write(code) {
      const { lanes } = code;
      const [zero, one] = [lanes.constant("i32", 0), lanes.constant("i32", 1)];
      const ofStream = foldInLane(
        lanes,
        [code.load(0, zero), code.load(0, one)],
        lanes.constant("u32", hashText(stream)),
      );
      const ofStep = foldInLane(lanes, ofStream, lanes.convert(code.load(1, zero), "u32"));
      code.fill(elementCount(sizesOf(type)), ofStep, (k, i, ...words) =>
        bitsAtLane(k, [words[0], words[1]], k.convert(i, "u32")),
      );
    },
  }),
  vjp: () => [null, null],
};
