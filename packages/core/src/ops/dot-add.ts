/** dotAdd: a product added to what is there already, as one node, so that the compiler can begin its sums with that. */
import { sameType, type TensorType } from "../shape/tensor-type.js";
import { add } from "./arithmetic.js";
import { dotGeneral, type DotAttrs } from "./dot-general.js";
import type { Inputs, Op } from "./op.js";

export const dotAdd: Op<3, DotAttrs> = {
  kind: "op",
  name: "dotAdd",
  summary: "The product of x and y as dotGeneral makes it, added to the third operand.",
  formula: "out = addend + dotGeneral(x, y)",
  operands: ["x", "y", "addend"],
  arity: 3,
  attrs: dotGeneral.attrs,
  constraints: [
    ...dotGeneral.constraints.map(({ holds, ...rest }) => ({
      ...rest,
      holds: ([x, y]: Inputs<3, TensorType>, attrs: DotAttrs) => holds([x, y], attrs),
    })),
    {
      label: "C6",
      says: "addend of the type of the product",
      holds: ([x, y, addend], attrs) => sameType(dotGeneral.result([x, y], attrs), addend),
    },
  ],
  traits: {},
  result: ([, , addend]) => addend,
  evaluate([x, y, addend], attrs, type) {
    const product = { type, data: dotGeneral.evaluate([x, y], attrs, type) };
    return add.evaluate([addend, product], {}, type);
  },
  kernel: (_, attrs) => ({ kind: "contract", ...attrs, hasAddend: true }),
  vjp({ inputs: [x, y], ...rule }) {
    const [ofX, ofY] = dotGeneral.vjp({ ...rule, inputs: [x, y] });
    return [ofX, ofY, rule.cotangent];
  },
};
