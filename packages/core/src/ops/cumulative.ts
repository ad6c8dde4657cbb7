/** cumsum, cummax and cumlogsumexp: each element combined with all those before it along an axis. */
import type { LaneFunction } from "../kernel/kernel.js";
import { logAddExpLane } from "../kernel/log-add-exp.js";
import { sizesOf } from "../shape/tensor.js";
import { mul } from "./arithmetic.js";
import { cast, le, select } from "./compare.js";
import { linearRecurrence } from "./linear-recurrence.js";
import { logAddExpOf, logRatio } from "./log-add-exp.js";
import type { Constraint, Cotangent, Emit, Op, Value, VjpRule } from "./op.js";
import { forEachLine, movedBack, movedOn, prefixAttrs, type PrefixAttrs } from "./prefix.js";
import { allFloat, allNumeric, existingAxis, filled, wrapTo } from "./rules.js";
import { exp } from "./unary.js";

interface CumulativeFacts {
  readonly name: string;
  readonly summary: string;
  readonly formula: string;
  readonly takes: Constraint<1, PrefixAttrs>;
  readonly f: (before: number, x: number) => number;
  readonly next: LaneFunction;
  readonly kinked?: true;
  readonly vjp: (rule: VjpRule<1, PrefixAttrs>) => Cotangent;
}

/** An op that combines each element with what came before it. */
function cumulative({ name, summary, formula, takes, f, next, kinked, vjp }: CumulativeFacts): Op<1, PrefixAttrs> {
  const op: Op<1, PrefixAttrs> = {
    kind: "op",
    name,
    summary,
    formula,
    operands: ["x"],
    arity: 1,
    attrs: prefixAttrs,
    constraints: [takes, existingAxis("C2")],
    traits: kinked === undefined ? {} : { kinked },
    result: ([x]) => x,
    evaluate([x], attrs, type) {
      const wrap = wrapTo(type.dtype);
      const out = new Float64Array(x.data.length);
      const length = sizesOf(type)[attrs.axis];
      forEachLine(type, attrs, (first, step) => {
        if (length > 0) out[first] = x.data[first];
        for (let i = 1, at = first + step; i < length; i++, at += step) out[at] = wrap(f(out[at - step], x.data[at]));
      });
      return out;
    },
    kernel: (_, attrs) => ({ kind: "prefix", ...attrs, initial: [], next: [next] }),
    vjp: (rule) => [vjp(rule)],
    stacked: ({ emit, inputs, attrs: { axis, reverse } }) => emit(op, inputs, { axis: axis + 1, reverse }),
  };
  return op;
}

export const cumsum = cumulative({
  name: "cumsum",
  summary: "Sum of all elements up to each one along an axis, itself included; from the end backward with reverse.",
  formula: "out[.., i, ..] = Σ_{j ≤ i} x[.., j, ..], with reverse Σ_{j ≥ i}",
  takes: allNumeric("C1"),
  f: (before, x) => before + x,
  next: (k, before, x) => k.add(before, x),
  vjp: ({ emit, cotangent: g, attrs: { axis, reverse } }) => emit(cumsum, [g], { axis, reverse: !reverse }),
});

/** S_i = g_i + carry_i · S_{i+1}: what arrives at an element and what those behind it hand back. `carried` is that of the step from i-1 to i. */
function handedBack(emit: Emit, g: Value, carried: Value, attrs: PrefixAttrs): Value {
  const { axis, reverse } = attrs;
  const dims = g.type.dims.filter((_, i) => i !== axis);
  const none = filled(emit, { dtype: g.type.dtype, dims }, 0);
  return emit(linearRecurrence, [movedBack(emit, carried, attrs), g, none], { axis, reverse: !reverse });
}

export const cummax = cumulative({
  name: "cummax",
  summary:
    "Largest of all elements up to each one along an axis, itself included, NaN from the first NaN on; from the end backward with reverse.",
  formula: "out[.., i, ..] = max_{j ≤ i} x[.., j, ..], with reverse max_{j ≥ i}",
  takes: allNumeric("C1"),
  f: Math.max,
  kinked: true,
  next: (k, before, x) => k.max(before, x),
  // An element that exceeds all before it takes the cotangents from there to the next such one; of equal ones the first.
  vjp({ emit, cotangent: g, inputs: [x], output: y, attrs }) {
    // Nothing is at most NaN, so the first element is always one of those.
    const stays = emit(le, [x, movedOn(emit, y, attrs, NaN)]);
    const sums = handedBack(emit, g, emit(cast, [stays], { dtype: x.type.dtype }), attrs);
    return emit(select, [stays, filled(emit, g.type, 0), sums]);
  },
});

export const cumlogsumexp = cumulative({
  name: "cumlogsumexp",
  summary:
    "Logarithm of the sum of the exponentials of all elements up to each one along an axis, without overflow; from the end backward with reverse.",
  formula: "out[.., i, ..] = ln Σ_{j ≤ i} e^x[.., j, ..], with reverse Σ_{j ≥ i}",
  takes: allFloat("C1"),
  f: logAddExpOf,
  next: logAddExpLane,
  // dx_j = Σ_{i ≥ j} g_i·e^(x_j - y_i) = e^(x_j - y_j) · S_j with S_j = g_j + e^(y_j - y_{j+1}) · S_{j+1}; no exponent is above 0.
  vjp({ emit, cotangent: g, inputs: [x], output: y, attrs }) {
    const ratio = emit(exp, [logRatio(emit, movedOn(emit, y, attrs, -Infinity), y)]);
    return emit(mul, [emit(exp, [logRatio(emit, x, y)]), handedBack(emit, g, ratio, attrs)]);
  },
});
