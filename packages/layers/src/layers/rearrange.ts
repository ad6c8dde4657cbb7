/** Layers that move values along the axes of their input and compute nothing. */
import { formatType, isFloat, joinPointer, subtractDims } from "@latchgrad/core";
import * as z from "zod";
import { refuse } from "../config/refuse.js";
import { checkFloats, defineLayer, knownSize, layerSchema } from "./layer.js";

/** out[:, 0] = fill; out[:, t] = x[:, t-1]. x [B, T, ...] of floats or of ids, i32. Parts of sequences hand over their last step. */
export const shift = defineLayer({
  type: "shift",
  summary: "Moves a sequence one step later, so that a decoder sees what it should have said before (teacher forcing).",
  schema: layerSchema("shift", {
    fill: z
      .number()
      .default(0)
      .describe("Every element of the first step; for ids, that of the symbol that means the start."),
  }),
  build(scope, { fill }, [input]) {
    const { g } = scope;
    const { dtype, dims } = input.type;
    if (dims.length < 2 || (dtype !== "i32" && !isFloat(dtype)))
      refuse("input-type", scope.pointer, {
        problem: `the layer "${scope.name}" reads sequences [B, T, ...] of numbers or ids`,
        received: formatType(input.type),
      });
    if (dtype === "i32" && !Number.isInteger(fill))
      refuse("fill", joinPointer(scope.pointer, "fill"), {
        problem: "what fills a sequence of ids is an id",
        expected: "a whole number",
        received: String(fill),
      });
    const [batch, time, ...rest] = dims;
    const { begin, end } = scope.carry("last", g.constant({ dtype, dims: [batch, 1, ...rest], data: [fill] }));
    const last = subtractDims(time, 1);
    const none = dims.map(() => 0);
    const step = dims.map(() => 1);
    const others = g.slice(input, { start: none, limit: [batch, last, ...rest], step });
    end(g.slice(input, { start: [0, last, ...none.slice(2)], limit: dims, step }));
    return { output: g.concat([begin, others], { axis: 1 }) };
  },
});

/** out[b, i * n + j] = x[b, i, j] and so on. x [B, ...] with known sizes. */
export const flatten = defineLayer({
  type: "flatten",
  summary: "Joins all axes behind the batch into one, such as the final states of both directions.",
  schema: layerSchema("flatten", {}),
  build(scope, _, [input]) {
    const [batch, ...rest] = input.type.dims;
    checkFloats(scope, input, 2, "[B, ...]");
    const size = rest.map((_dim, i) => knownSize(scope, input, i + 1)).reduce((product, each) => product * each);
    return { output: scope.g.reshape(input, { dims: [batch, size] }) };
  },
});
