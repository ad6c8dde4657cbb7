/**
 * Rules of elementwise ops. Only what is exact: x + 0 - but not x · 0, which is
 * NaN for infinite x, and no regrouping of sums. Rules that hold only up to the
 * sign of zero are fine, because no op but division by zero can tell, and models do not.
 */
import type { NoAttrs } from "../ir/attrs.js";
import type { ValueId } from "../ir/graph.js";
import { ops } from "../ops/index.js";
import type { Op } from "../ops/op.js";
import { isFloat } from "../shape/tensor-type.js";
import { ruleFor, type Rule, type Use } from "./rule.js";

type Binary = Op<2, NoAttrs>;

/** `x op number = x`: the other operand, when the operand at `at` is that number throughout. */
const dropOperand =
  (at: 0 | 1, number: number) =>
  ({ inputs, splatOf }: Use<2, NoAttrs>): ValueId | undefined =>
    splatOf(inputs[at]) === number ? inputs[1 - at] : undefined;

const neutral = (op: Binary, sign: string, number: number, because: string): readonly Rule[] => [
  ruleFor(op, `x ${sign} ${number} = x`, because, dropOperand(1, number)),
  ruleFor(op, `${number} ${sign} x = x`, because, dropOperand(0, number)),
];

/** Bool constants are the numbers 0 and 1. */
const neutralBool = (op: Binary, word: string, neutralValue: 0 | 1): readonly Rule[] => {
  const [kept, fixed] = [neutralValue === 1, neutralValue === 0];
  const constantAt = (at: 0 | 1) => (use: Use<2, NoAttrs>) =>
    use.splatOf(use.inputs[at]) === 1 - neutralValue ? use.inputs[at] : undefined;
  return [
    ruleFor(op, `x ${word} ${kept} = x`, "neutral element", dropOperand(1, neutralValue)),
    ruleFor(op, `${kept} ${word} x = x`, "neutral element", dropOperand(0, neutralValue)),
    ruleFor(op, `x ${word} ${fixed} = ${fixed}`, "bool has no NaN that could spread", constantAt(1)),
    ruleFor(op, `${fixed} ${word} x = ${fixed}`, "bool has no NaN that could spread", constantAt(0)),
    sameOperands(op, word),
  ];
};

const sameOperands = (op: Binary, word: string): Rule =>
  ruleFor(op, `x ${word} x = x`, "each element meets itself", ({ inputs: [x, y] }) => (x === y ? x : undefined));

const involution = (op: Op<1, NoAttrs>, spelled: string): Rule =>
  ruleFor(op, `${spelled} = x`, "the second undoes the first", ({ inputs: [x], useOf }) => useOf(op, x)?.inputs[0]);

const negated = (use: Use<2, NoAttrs> | Use<1, NoAttrs>, id: ValueId): ValueId | undefined =>
  use.useOf(ops.neg, id)?.inputs[0];

export const arithmeticRules: readonly Rule[] = [
  ...neutral(ops.add, "+", 0, "exact, except that -0 + 0 is 0"),
  ...neutral(ops.mul, "·", 1, "exact"),
  ruleFor(ops.sub, "x - 0 = x", "exact", dropOperand(1, 0)),
  ruleFor(ops.div, "x / 1 = x", "exact", dropOperand(1, 1)),
  ruleFor(ops.pow, "x ^ 1 = x", "exact, by the definition of pow", dropOperand(1, 1)),
  ruleFor(ops.sub, "0 - x = -x", "exact, except that 0 - 0 is 0", ({ inputs: [x, y], splatOf, emit }) =>
    splatOf(x) === 0 ? emit(ops.neg, [y], {}) : undefined,
  ),
  ruleFor(ops.mul, "x · -1 = -x", "exact: only the sign changes", ({ inputs: [x, y], splatOf, emit }) =>
    splatOf(y) === -1 ? emit(ops.neg, [x], {}) : undefined,
  ),
  ruleFor(ops.mul, "-1 · x = -x", "exact: only the sign changes", ({ inputs: [x, y], splatOf, emit }) =>
    splatOf(x) === -1 ? emit(ops.neg, [y], {}) : undefined,
  ),
  ruleFor(ops.div, "x / -1 = -x", "exact: only the sign changes", ({ inputs: [x, y], splatOf, emit }) =>
    splatOf(y) === -1 ? emit(ops.neg, [x], {}) : undefined,
  ),
  involution(ops.neg, "-(-x)"),
  ruleFor(ops.add, "x + -y = x - y", "the same by definition; the negation may become dead", (use) => {
    const y = negated(use, use.inputs[1]);
    return y === undefined ? undefined : use.emit(ops.sub, [use.inputs[0], y], {});
  }),
  ruleFor(ops.add, "-x + y = y - x", "the same by definition; the negation may become dead", (use) => {
    const x = negated(use, use.inputs[0]);
    return x === undefined ? undefined : use.emit(ops.sub, [use.inputs[1], x], {});
  }),
  ruleFor(ops.sub, "x - -y = x + y", "the same by definition; the negation may become dead", (use) => {
    const y = negated(use, use.inputs[1]);
    return y === undefined ? undefined : use.emit(ops.add, [use.inputs[0], y], {});
  }),
  ruleFor(ops.mul, "-x · -y = x · y", "signs cancel exactly", (use) => {
    const [x, y] = [negated(use, use.inputs[0]), negated(use, use.inputs[1])];
    return x === undefined || y === undefined ? undefined : use.emit(ops.mul, [x, y], {});
  }),
  ruleFor(
    ops.neg,
    "-(x - y) = y - x",
    "rounding is symmetric; exact except for the sign of 0",
    ({ inputs: [x], useOf, emit }) => {
      const difference = useOf(ops.sub, x);
      return difference === undefined ? undefined : emit(ops.sub, [difference.inputs[1], difference.inputs[0]], {});
    },
  ),
  ruleFor(ops.abs, "|-x| = |x|", "exact for floats; u32 has no negative numbers", (use) => {
    const x = isFloat(use.type.dtype) ? negated(use, use.inputs[0]) : undefined;
    return x === undefined ? undefined : use.emit(ops.abs, [x], {});
  }),
  ruleFor(ops.abs, "||x|| = |x|", "the first has made it positive", ({ inputs: [x], useOf }) =>
    useOf(ops.abs, x) === undefined ? undefined : x,
  ),
  sameOperands(ops.max, "max"),
  sameOperands(ops.min, "min"),
  ruleFor(ops.min, "min(iota, n) = iota", "no index is above n", ({ inputs: [x, y], splatOf, useOf }) => {
    const index = useOf(ops.iota, x);
    const most = splatOf(y);
    const length = index?.attrs.dims[index.attrs.axis];
    return typeof length === "number" && most !== undefined && length - 1 <= most ? x : undefined;
  }),
  involution(ops.not, "not not x"),
  ...neutralBool(ops.and, "and", 1),
  ...neutralBool(ops.or, "or", 0),
  ruleFor(ops.select, "select(true, x, y) = x", "the choice is known", ({ inputs: [condition, x], splatOf }) =>
    splatOf(condition) === 1 ? x : undefined,
  ),
  ruleFor(ops.select, "select(false, x, y) = y", "the choice is known", ({ inputs: [condition, , y], splatOf }) =>
    splatOf(condition) === 0 ? y : undefined,
  ),
  ruleFor(ops.select, "select(c, x, x) = x", "both choices are one", ({ inputs: [, x, y] }) =>
    x === y ? x : undefined,
  ),
  ruleFor(ops.select, "select(not c, x, y) = select(c, y, x)", "the negation may become dead", (use) => {
    const [condition, x, y] = use.inputs;
    const opposite = use.useOf(ops.not, condition)?.inputs[0];
    return opposite === undefined ? undefined : use.emit(ops.select, [opposite, y, x], {});
  }),
  ruleFor(ops.cast, "cast(x) = x to the type it has", "nothing to convert", ({ inputs: [x], attrs, typeOf }) =>
    typeOf(x).dtype === attrs.dtype ? x : undefined,
  ),
];
