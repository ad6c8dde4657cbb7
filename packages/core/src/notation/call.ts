/** A call as functions of the notation see it: arguments evaluated and brought to what the function asks for. */
import type { Dims } from "../shape/tensor-type.js";
import type { Dim } from "../shape/dim.js";
import type { BoundArguments } from "./arguments.js";
import type { Call } from "./functions/function.js";
import {
  align,
  dimsOfExample,
  formatQuantity,
  tensorIn,
  type Quantity,
  type TensorQuantity,
  type TensorScope,
} from "./quantity.js";
import type { Work } from "./scope.js";
import { refuseShape, textOf, type EquationSource, type Facts } from "./source.js";
import type { CallExpression, Expression, Span } from "./syntax.js";

/** Axes of one example; more are an accident. */
export const MOST_AXES = 16;
/** The largest size that is written as a number. */
const LARGEST_SIZE = 2 ** 31 - 1;

/** A size: a whole number from 0, or a symbol. Refused where it is none. */
export function sizeOf(source: EquationSource, span: Span, quantity: Quantity, scope: Work["scope"]): Dim {
  if (quantity.kind === "size") return quantity.dim;
  if (
    quantity.kind === "number" &&
    Number.isInteger(quantity.value) &&
    quantity.value >= 0 &&
    quantity.value <= LARGEST_SIZE
  )
    return quantity.value;
  return refuseShape(source, span, {
    code: "notation.size",
    problem: "a size is a whole number, known before the model runs",
    received: formatQuantity(scope, quantity),
  });
}

/** Longer texts of arguments are not repeated in messages. */
const LONGEST_TEXT = 30;

export const describeOperand = (
  scope: TensorScope,
  source: EquationSource,
  part: Expression,
  quantity: Quantity,
): string => {
  const text = textOf(source, part.span);
  const name = text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
  return `${name}: ${formatQuantity(scope, quantity)}`;
};

/** The call, for the function that it is of. */
export function callOf(
  work: Work,
  source: EquationSource,
  expression: CallExpression,
  bound: BoundArguments,
  values: ReadonlyMap<Expression, Quantity>,
): Call {
  const { scope } = work;
  const partsOf = (parameter: string): readonly Expression[] => bound.get(parameter) ?? [];
  const quantityOf = (part: Expression): Quantity => {
    const quantity = values.get(part);
    if (quantity === undefined) throw new TypeError("internal: an argument was not evaluated; please report this");
    return quantity;
  };
  const spanOf = (parameter: string | undefined): Span =>
    (parameter === undefined ? undefined : partsOf(parameter).at(0)?.span) ?? expression.span;
  const refuse = (facts: Facts, parameter?: string): never => refuseShape(source, spanOf(parameter), facts);
  const describe = (...parameters: readonly string[]): string =>
    parameters
      .flatMap(partsOf)
      .map((part) => describeOperand(scope, source, part, quantityOf(part)))
      .join(", ");
  const quantity = (parameter: string): Quantity => quantityOf(partsOf(parameter)[0]);
  const needNumber = (parameter: string): never =>
    refuse(
      { code: "notation.shape", problem: `${expression.name.name} takes numbers`, received: describe(parameter) },
      parameter,
    );
  const toTensor = (given: Quantity): TensorQuantity | undefined =>
    given.kind === "truth"
      ? tensorIn(scope, given, "bool")
      : given.kind === "tensor"
        ? given
        : tensorIn(scope, given, scope.dtype);
  const tensor = (parameter: string): TensorQuantity => toTensor(quantity(parameter)) ?? needNumber(parameter);
  const dims = (given: TensorQuantity): Dims => dimsOfExample(scope, given);

  return {
    g: scope.g,
    dtype: scope.dtype,
    batch: scope.batch,
    training: scope.training,
    has: (parameter) => partsOf(parameter).length > 0,
    quantity,
    rest: (parameter) => partsOf(parameter).map(quantityOf),
    tensor,
    floats: (parameter) => tensorIn(scope, tensor(parameter), scope.dtype) ?? needNumber(parameter),
    number(parameter, standard) {
      if (partsOf(parameter).length === 0 && standard !== undefined) return standard;
      const given = quantity(parameter);
      if (given.kind === "number") return given.value;
      return refuse(
        {
          code: "notation.number",
          problem: `${parameter} is a number that is known before the model runs`,
          received: describe(parameter),
        },
        parameter,
      );
    },
    sizes(parameter) {
      const given = quantity(parameter);
      const items = given.kind === "list" ? given.items : [given];
      if (items.length > MOST_AXES)
        refuse(
          { code: "notation.size", problem: `a tensor has at most ${MOST_AXES} axes`, received: String(items.length) },
          parameter,
        );
      const [part] = partsOf(parameter);
      const spans = part.kind === "list" ? part.items.map(({ span }) => span) : [];
      return items.map((item, i) => sizeOf(source, spans.at(i) ?? spanOf(parameter), item, scope));
    },
    dims,
    axis(parameter, of, standard) {
      const rank = dims(of).length;
      const given = partsOf(parameter).length > 0 ? quantity(parameter) : undefined;
      const axis = given === undefined ? standard : given.kind === "number" ? given.value : Number.NaN;
      const place = axis < 0 ? axis + rank : axis;
      if (!Number.isInteger(place) || place < 0 || place >= rank)
        refuse(
          {
            code: "notation.axis",
            problem: "an axis is one of the value's, counted from 0, or from -1 backwards",
            received: `axis ${Number.isNaN(axis) ? "that is no number" : axis} of ${formatQuantity(scope, of)}`,
          },
          parameter,
        );
      return place + (of.batched ? scope.batch.length : 0);
    },
    allAxes: (of) => dims(of).map((_, i) => i + (of.batched ? scope.batch.length : 0)),
    align(quantities) {
      const tensors = quantities.map((each) => toTensor(each));
      const known = tensors.filter((each) => each !== undefined);
      if (known.length < tensors.length)
        refuse({ code: "notation.shape", problem: `${expression.name.name} takes numbers` });
      // What is a condition in front stays one; the others meet in floats.
      const typed = known.map((each) =>
        each.value.type.dtype === "bool" && each === known[0] && known.length === 3
          ? each
          : (tensorIn(scope, each, scope.dtype) ?? each),
      );
      const aligned = align(scope, typed);
      if (aligned !== undefined) return aligned;
      return refuse({
        code: "notation.shape",
        problem: "all sides have equal sizes on each axis, counted from the last, or size 1",
        received: expression.arguments
          .map(({ value }) => describeOperand(scope, source, value, quantityOf(value)))
          .join(", "),
      });
    },
    uniform(wanted) {
      if (scope.uniform !== undefined) return scope.uniform(work.stream(), wanted);
      return refuse({
        code: "notation.random",
        problem: "random numbers are there for cells and layers while they train",
      });
    },
    refuse,
    describe,
  };
}
