/** Functions that make, arrange and multiply tensors. */
import { sizesHint } from "../hints.js";
import { convGeneral } from "../../graph/convolution.js";
import { oneHot } from "../../graph/derived.js";
import { addDims, divideDims, multiplyDims, subtractDims, type Dim } from "../../shape/dim.js";
import { sameDims, type Dims } from "../../shape/tensor-type.js";
import { dotProduct, outerProduct } from "../product.js";
import { stretch, tensorOf, type Quantity, type TensorQuantity } from "../quantity.js";
import type { Call, NotationFunction } from "./function.js";

/** Part of a tensor along one axis of the graph's tensor. */
export function part({ g }: Call, tensor: TensorQuantity, axis: number, start: Dim, limit: Dim): TensorQuantity {
  const { dims } = tensor.value.type;
  const value = g.slice(tensor.value, {
    start: dims.map((_, i) => (i === axis ? start : 0)),
    limit: dims.map((dim, i) => (i === axis ? limit : dim)),
    step: dims.map(() => 1),
  });
  return tensorOf(value, tensor.batched);
}

/** The lengths that split cuts an axis into. */
function pieces(call: Call, size: Dim): Dims {
  const parts = call.quantity("parts");
  if (parts.kind === "list") {
    const lengths = call.sizes("parts");
    if (addDims(...lengths) === size) return lengths;
    return call.refuse(
      {
        code: "notation.shape",
        problem: "the parts have the length of the axis together",
        expected: String(size),
        received: `${lengths.join(" + ")} = ${addDims(...lengths)}`,
      },
      "parts",
    );
  }
  const count = call.number("parts");
  const each = Number.isInteger(count) && count >= 1 && count <= 1000 ? divideDims(size, count) : undefined;
  if (each !== undefined) return Array.from({ length: count }, () => each);
  return call.refuse(
    {
      code: "notation.shape",
      problem: "an axis is split into a number of equal parts",
      received: `${call.describe("v")} in ${count}`,
      hint: "name the sizes for unequal parts: split(v, [n, m])",
    },
    "parts",
  );
}

const split: NotationFunction = {
  name: "split",
  parameters: [{ name: "v" }, { name: "parts" }, { name: "axis", standard: "-1" }],
  summary: "Equal parts of an axis, or parts of the sizes in brackets; as many results: a, b = split(v, 2).",
  apply(call) {
    const v = call.tensor("v");
    const axis = call.axis("axis", v, -1);
    let start: Dim = 0;
    const items: Quantity[] = [];
    for (const length of pieces(call, v.value.type.dims[axis])) {
      const limit: Dim = addDims(start, length);
      items.push(part(call, v, axis, start, limit));
      start = limit;
    }
    return { kind: "list", items };
  },
};

const concat: NotationFunction = {
  name: "concat",
  parameters: [
    { name: "v", rest: true },
    { name: "axis", standard: "-1", named: true },
  ],
  summary: "The values behind each other along an axis; other axes have equal sizes.",
  apply(call) {
    const all = call.rest("v").map((quantity): TensorQuantity => {
      if (quantity.kind === "tensor" && call.dims(quantity).length > 0) return quantity;
      return call.refuse({
        code: "notation.shape",
        problem: "what concat joins has an axis",
        received: call.describe("v"),
      });
    });
    const axis = call.axis("axis", all[0], -1) - (all[0].batched ? call.batch.length : 0);
    const without = (tensor: TensorQuantity): Dims => call.dims(tensor).filter((_, i) => i !== axis);
    if (
      all.some(
        (tensor) =>
          call.dims(tensor).length !== call.dims(all[0]).length || !sameDims(without(tensor), without(all[0])),
      )
    )
      call.refuse({
        code: "notation.shape",
        problem: "what concat joins has equal sizes on the other axes",
        received: call.describe("v"),
      });
    const batched = all.some((tensor) => tensor.batched);
    const values = all.map((tensor) => stretch(call, tensor, call.dims(tensor), batched).value);
    return tensorOf(call.g.concat(values, { axis: axis + (batched ? call.batch.length : 0) }), batched);
  },
};

const reshape: NotationFunction = {
  name: "reshape",
  parameters: [{ name: "v" }, { name: "size", sizes: true }],
  summary: "The elements of v in their order, with other axes.",
  apply(call) {
    const v = call.tensor("v");
    const dims = call.sizes("size");
    if (multiplyDims(...dims) !== multiplyDims(...call.dims(v)))
      call.refuse({
        code: "notation.shape",
        problem: "reshape keeps the number of elements",
        received: `${call.describe("v")}, to [${dims.join(",")}]`,
        hint: `choose sizes whose product is ${String(multiplyDims(...call.dims(v)))}`,
      });
    return tensorOf(call.g.reshape(v.value, { dims: v.batched ? [...call.batch, ...dims] : dims }), v.batched);
  },
};

const transpose: NotationFunction = {
  name: "transpose",
  parameters: [{ name: "v" }],
  summary: "v with its last two axes exchanged.",
  apply(call) {
    const v = call.tensor("v");
    if (call.dims(v).length < 2)
      call.refuse({ code: "notation.shape", problem: "transpose takes a matrix", received: call.describe("v") }, "v");
    const order = v.value.type.dims.map((_, axis) => axis);
    const last = order.length - 1;
    [order[last - 1], order[last]] = [last, last - 1];
    return tensorOf(call.g.transpose(v.value, { order }), v.batched);
  },
};

const roll: NotationFunction = {
  name: "roll",
  parameters: [{ name: "v" }, { name: "by" }, { name: "axis", standard: "-1" }],
  summary: "v moved along an axis by a whole number of places, around the end: element i is v[i - by].",
  apply(call) {
    const v = call.tensor("v");
    const axis = call.axis("axis", v, -1);
    const by = call.number("by");
    const size = v.value.type.dims[axis];
    if (!Number.isSafeInteger(by) || (typeof size === "string" && by === 0))
      call.refuse({ code: "notation.number", problem: "roll moves by a whole number", received: String(by) }, "by");
    const places: Dim =
      typeof size === "number"
        ? ((by % Math.max(size, 1)) + size) % Math.max(size, 1)
        : by > 0
          ? by
          : addDims(size, by);
    if (places === 0) return v;
    const cut = subtractDims(size, places);
    const [tail, head] = [part(call, v, axis, cut, size), part(call, v, axis, 0, cut)];
    return tensorOf(call.g.concat([tail.value, head.value], { axis }), v.batched);
  },
};

const outer: NotationFunction = {
  name: "outer",
  parameters: [{ name: "a" }, { name: "b" }],
  summary: "All products of an element of a with one of b: for vectors the matrix a[i] · b[j].",
  apply: (call) => outerProduct(call, call.floats("a"), call.floats("b")),
};

const dot: NotationFunction = {
  name: "dot",
  parameters: [{ name: "a" }, { name: "b" }],
  summary: "Σ a · b over all elements; shapes are equal.",
  apply(call) {
    const [a, b] = [call.floats("a"), call.floats("b")];
    if (sameDims(call.dims(a), call.dims(b))) return dotProduct(call, a, b);
    return call.refuse({
      code: "notation.shape",
      problem: "dot takes values of equal shape",
      received: call.describe("a", "b"),
      hint: sizesHint(call.dims(a), call.dims(b)),
    });
  },
};

const conv: NotationFunction = {
  name: "conv",
  parameters: [{ name: "x" }, { name: "W" }],
  summary:
    "Convolution of x [...positions, channels] with W [...window, channels, features], which is not reversed; zeros around x keep the positions.",
  apply(call) {
    const [x, W] = [call.floats("x"), call.floats("W")];
    const [dims, weights] = [call.dims(x), call.dims(W)];
    const window = weights.slice(0, -2);
    const fits =
      !W.batched &&
      dims.length === window.length + 1 &&
      window.length >= 1 &&
      window.length <= 3 &&
      window.every((size) => typeof size === "number" && size >= 1) &&
      dims.at(-1) === weights.at(-2);
    if (!fits)
      call.refuse({
        code: "notation.shape",
        problem:
          "conv takes a value with one to three axes of positions and channels, and a weight for windows on them",
        expected: "x: [...positions, channels], W: [...window, channels, features]",
        received: call.describe("x", "W"),
      });
    // All axes of the batch, also that of time, are one to the convolution.
    const batch = x.batched ? call.batch : [];
    const flat = call.g.reshape(x.value, { dims: [multiplyDims(...batch), ...dims] });
    const result = convGeneral(call.g, flat, W.value, { padding: "same" });
    const positions = [...dims.slice(0, -1), weights[weights.length - 1]];
    return tensorOf(call.g.reshape(result, { dims: [...batch, ...positions] }), x.batched);
  },
};

const filledWith = (name: string, value: number): NotationFunction => ({
  name,
  parameters: [{ name: "size", sizes: true }],
  summary: `A tensor of ${name}: ${name}([units, units]).`,
  apply: (call) => tensorOf(call.g.constant({ dtype: call.dtype, dims: call.sizes("size"), data: [value] }), false),
});

const eye: NotationFunction = {
  name: "eye",
  parameters: [{ name: "n" }],
  summary: "The identity matrix [n, n].",
  apply(call) {
    const [n] = call.sizes("n");
    const places = (axis: number) => call.g.iota({ dtype: "i32", dims: [n, n], axis });
    return tensorOf(call.g.cast(call.g.eq(places(0), places(1)), { dtype: call.dtype }), false);
  },
};

const index: NotationFunction = {
  name: "index",
  parameters: [{ name: "n" }],
  summary: "The numbers 0, 1, ..., n-1 as a vector.",
  apply: (call) => tensorOf(call.g.iota({ dtype: call.dtype, dims: call.sizes("n"), axis: 0 }), false),
};

const oneHotOf: NotationFunction = {
  name: "oneHot",
  parameters: [{ name: "i" }, { name: "n" }],
  summary: "A new last axis of size n that is 1 at the index i and 0 elsewhere.",
  apply(call) {
    const i = call.tensor("i");
    const whole = i.value.type.dtype === "i32" ? i.value : call.g.cast(i.value, { dtype: "i32" });
    const [depth] = call.sizes("n");
    return tensorOf(oneHot(call.g, whole, { depth, dtype: call.dtype }), i.batched);
  },
};

export const structureFunctions: readonly NotationFunction[] = [
  split,
  concat,
  reshape,
  transpose,
  roll,
  outer,
  dot,
  conv,
  filledWith("zeros", 0),
  filledWith("ones", 1),
  eye,
  index,
  oneHotOf,
];
