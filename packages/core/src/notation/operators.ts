/** Operators of two sides, and what is said where the sides do not fit. */
import { sizesHint } from "./hints.js";
import { ops } from "../ops/index.js";
import { describeOperand } from "./call.js";
import { applyElementwise, type ElementwiseOp } from "./elementwise.js";
import type { Dim } from "../shape/dim.js";
import { matrixProduct } from "./product.js";
import { dimsOfExample, tensorIn, type Quantity, type TensorQuantity, type TensorScope } from "./quantity.js";
import { refuseShape, textOf, type EquationSource } from "./source.js";
import type { BinaryExpression, BinaryOperator } from "./syntax.js";

/** Operators that are one elementwise op; the others are written with these. */
const OPERATORS: Readonly<Partial<Record<BinaryOperator, ElementwiseOp>>> = {
  or: ops.or,
  and: ops.and,
  "==": ops.eq,
  "<": ops.lt,
  "<=": ops.le,
  "+": ops.add,
  "-": ops.sub,
  "*": ops.mul,
  "/": ops.div,
  "%": ops.mod,
  "^": ops.pow,
};
/** The same with the sides exchanged. */
const EXCHANGED: Readonly<Partial<Record<BinaryOperator, ElementwiseOp>>> = { ">": ops.lt, ">=": ops.le };

/** An operator with what its sides are. */
export interface Operation {
  readonly scope: TensorScope;
  readonly source: EquationSource;
  readonly expression: BinaryExpression;
  readonly left: Quantity;
  readonly right: Quantity;
  /** What the result is added to, where that is known. */
  readonly beside?: Quantity | undefined;
}

/** The result of an operator. Throws ShapeError with both sides where they do not fit. */
export function combine(operation: Operation): Quantity {
  const { left, right } = operation;
  const { operator } = operation.expression;
  if (operator === "@") return productOf(operation);
  // A square is a product, which costs less than a power and has no case for a negative base.
  if (operator === "^" && right.kind === "number" && right.value === 2 && left.kind === "tensor")
    return elementwise(operation, ops.mul, [left, left]);
  if (operator === "!=") return elementwise(operation, ops.not, [elementwise(operation, ops.eq, [left, right])]);
  const exchanged = EXCHANGED[operator];
  if (exchanged !== undefined) return elementwise(operation, exchanged, [right, left]);
  const op = OPERATORS[operator];
  if (op === undefined) throw new TypeError(`internal: the operator ${operator} has no meaning; please report this`);
  return elementwise(operation, op, [left, right]);
}

const describeSides = ({ scope, source, expression, left, right }: Operation): string =>
  `${describeOperand(scope, source, expression.left, left)}, ${describeOperand(scope, source, expression.right, right)}`;

function elementwise(operation: Operation, op: ElementwiseOp, operands: readonly Quantity[]): Quantity {
  const result = applyElementwise(operation.scope, op, operands);
  if (typeof result !== "string") return result;
  const { operator, span } = operation.expression;
  const problems = {
    sizes: `both sides of "${operator}" have equal sizes on each axis, counted from the last, or size 1`,
    number: `both sides of "${operator}" are numbers`,
    condition: `both sides of "${operator}" are conditions`,
  };
  return refuseShape(operation.source, span, {
    code: "notation.shape",
    problem: problems[result],
    received: describeSides(operation),
    hint:
      result === "condition"
        ? "compare with a number: v > 0"
        : (precedenceHint(operation.expression) ?? sidesHint(operation)),
  });
}

/** For sides of sizes that do not meet. */
function sidesHint({ scope, left, right }: Operation): string | undefined {
  if (left.kind !== "tensor" || right.kind !== "tensor") return undefined;
  return sizesHint(dimsOfExample(scope, left), dimsOfExample(scope, right));
}

/** In other languages "@" and "*" have the same rank; here "@" comes first, as in a * (b @ C). */
function precedenceHint({ operator, right }: BinaryExpression): string | undefined {
  const isLoose = operator === "*" || operator === "/";
  return isLoose && right.kind === "binary" && right.operator === "@"
    ? `"@" comes before "${operator}"; if the product of all is meant, put parentheses around what stands before "@"`
    : undefined;
}

const NUMBER_HINT = 'a number multiplies with "*"; "@" comes before "*" and "/", so a / 2 @ B is a / (2 @ B)';

function productOf(operation: Operation): Quantity {
  const { scope, source, expression, left, right } = operation;
  const [x, y] = [left, right].map((side) => (side.kind === "tensor" ? tensorIn(scope, side, scope.dtype) : undefined));
  const product = x === undefined || y === undefined ? undefined : matrixProduct(scope, x, y);
  if (product !== undefined) return product;
  return refuseShape(source, expression.span, {
    code: "notation.product",
    problem: 'the last axis of the left side of "@" equals the rows of the right side',
    received: describeSides(operation),
    hint: x === undefined || y === undefined ? NUMBER_HINT : productHint(operation, x, y),
  });
}

/** What would fit, where that is fairly sure. */
function productHint(
  { scope, source, expression: { left, right }, beside }: Operation,
  x: TensorQuantity,
  y: TensorQuantity,
): string | undefined {
  const [dimsX, dimsY] = [dimsOfExample(scope, x), dimsOfExample(scope, y)];
  const around = beside?.kind === "tensor" ? dimsOfExample(scope, beside).at(-1) : undefined;
  /** Sides exchanged, where that has the size of what it is added to; else the matrix that has. */
  const exchanged = (size: Dim, fitting: (sum: Dim) => readonly Dim[]): string =>
    around === undefined || around === 1 || around === size
      ? `${textOf(source, right.span)} @ ${textOf(source, left.span)} fits, and is [${size}]`
      : `a matrix of [${fitting(around).join(", ")}] fits here`;
  if (dimsX.length === 0 || dimsY.length === 0) return NUMBER_HINT;
  if (dimsX.length === 1 && dimsY.length === 2)
    return dimsX[0] === dimsY[1]
      ? exchanged(dimsY[0], (sum) => [dimsX[0], sum])
      : `a weight has as many rows as ${textOf(source, left.span)} has elements`;
  return dimsX.length === 2 && dimsY.length === 1 && dimsX[0] === dimsY[0]
    ? exchanged(dimsX[1], (sum) => [sum, dimsY[0]])
    : undefined;
}
