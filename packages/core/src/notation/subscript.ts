/** Parts of values by place: v[i], v[a:b], and the same of further axes, v[i, a:b], v[.., i]. */
import { addDims, isAtLeast, subtractDims, type Dim } from "../shape/dim.js";
import { describeOperand, sizeOf } from "./call.js";
import { dimsOfExample, formatQuantity, tensorOf, type Quantity, type TensorQuantity } from "./quantity.js";
import type { Work } from "./scope.js";
import { refuseShape, type EquationSource } from "./source.js";
import type { Expression, IndexExpression, SliceExpression } from "./syntax.js";

/** Place in the graph's tensor of the axis that is meant. */
function axisOf(
  { scope }: Work,
  source: EquationSource,
  expression: IndexExpression | SliceExpression,
  of: Quantity,
): { readonly tensor: TensorQuantity; readonly axis: number } {
  if (of.kind === "tensor") {
    const rank = dimsOfExample(scope, of).length;
    const front = of.batched ? scope.batch.length : 0;
    const axis = expression.axis < 0 ? rank + expression.axis : expression.axis;
    if (axis >= 0 && axis < rank) return { tensor: of, axis: front + axis };
  }
  return refuseShape(source, expression.span, {
    code: "notation.shape",
    problem: "brackets name no more places than a value has axes",
    received: describeOperand(scope, source, expression.of, of),
  });
}

function cut(
  { scope: { g } }: Work,
  { value, batched }: TensorQuantity,
  axis: number,
  start: Dim,
  limit: Dim,
): TensorQuantity {
  const { dims } = value.type;
  const part = g.slice(value, {
    start: dims.map((_, i) => (i === axis ? start : 0)),
    limit: dims.map((dim, i) => (i === axis ? limit : dim)),
    step: dims.map(() => 1),
  });
  return tensorOf(part, batched);
}

/** v[i]: a number is checked now; a value may differ from example to example, and is checked when the graph runs. */
export function indexOf(
  work: Work,
  source: EquationSource,
  expression: IndexExpression,
  of: Quantity,
  index: Quantity,
): Quantity {
  const { scope } = work;
  const { tensor, axis } = axisOf(work, source, expression, of);
  const size = tensor.value.type.dims[axis];
  const refuse = (problem: string): never =>
    refuseShape(source, expression.index.span, {
      code: "notation.index",
      problem,
      received: `${formatQuantity(scope, index)}, of ${describeOperand(scope, source, expression.of, of)}`,
    });
  if (index.kind === "number") {
    const place = index.value < 0 && typeof size === "number" ? index.value + size : index.value;
    if (!Number.isInteger(place) || place < 0 || !isAtLeast(size, place + 1))
      refuse("an index is a whole number within the axis, from 0, or from -1 backwards");
    const row = cut(work, tensor, axis, place, place + 1);
    const dims = row.value.type.dims.filter((_, i) => i !== axis);
    return tensorOf(scope.g.reshape(row.value, { dims }), tensor.batched);
  }
  if (index.kind !== "tensor" || index.value.type.dtype === "bool") return refuse("an index is a whole number");
  const { g, batch } = scope;
  const whole = index.value.type.dtype === "i32" ? index.value : g.cast(index.value, { dtype: "i32" });
  if (!index.batched) return tensorOf(g.gather(tensor.value, whole, { axis, batch: 0 }), tensor.batched);
  if (tensor.batched) return tensorOf(g.gather(tensor.value, whole, { axis, batch: batch.length }), true);
  if (axis > 0) return refuse("a value of every example chooses along the first axis of what all share");
  return tensorOf(g.gather(tensor.value, whole, { axis, batch: 0 }), true);
}

/** v[a:b], from a to before b, and v[:], all of it; negative places count from the end. */
export function sliceOf(
  work: Work,
  source: EquationSource,
  expression: SliceExpression,
  of: Quantity,
  valueOf: (part: Expression) => Quantity,
): Quantity {
  const { tensor, axis } = axisOf(work, source, expression, of);
  if (expression.start === null && expression.stop === null) return tensor;
  const size = tensor.value.type.dims[axis];
  const bound = (part: Expression | null, standard: Dim): Dim => {
    if (part === null) return standard;
    const quantity = valueOf(part);
    if (quantity.kind === "number" && quantity.value < 0 && Number.isInteger(quantity.value))
      return addDims(size, quantity.value);
    return sizeOf(source, part.span, quantity, work.scope);
  };
  const [start, limit] = [bound(expression.start, 0), bound(expression.stop, size)];
  if (!isAtLeast(start, 0) || !isAtLeast(limit, start) || !isAtLeast(size, limit))
    refuseShape(source, expression.span, {
      code: "notation.index",
      problem: "a part begins at 0 or later, and ends where the axis does or before",
      received: `${start}:${limit} (length ${subtractDims(limit, start)}) of ${describeOperand(work.scope, source, expression.of, of)}`,
    });
  return cut(work, tensor, axis, start, limit);
}
