/** Expressions to quantities: appends the nodes that an expression of an equation stands for. */
import { ShapeError } from "../errors/errors.js";
import { ops } from "../ops/index.js";
import { bindArguments } from "./arguments.js";
import { callOf, describeOperand, MOST_AXES } from "./call.js";
import { applyElementwise } from "./elementwise.js";
import { notationFunctions } from "./functions/index.js";
import type { FunctionEquation } from "./parse.js";
import { combine } from "./operators.js";
import {
  dimsOfExample,
  formatQuantity,
  numberOf,
  stretch,
  tensorIn,
  tensorOf,
  type Quantity,
  type TensorQuantity,
} from "./quantity.js";
import { DEEPEST_CALLS, MOST_OPERATIONS, type InnerCell, type Work } from "./scope.js";
import { equationIssue, originOf, refuseShape, refuseText, type EquationSource } from "./source.js";
import { indexOf, sliceOf } from "./subscript.js";
import type { BinaryExpression, CallExpression, Expression, Span } from "./syntax.js";

/** What an expression stands for; `beside`: what it is added to. Throws ShapeError at the first part that does not fit. */
export function valueOf(work: Work, source: EquationSource, expression: Expression, beside?: Quantity): Quantity {
  if (++work.spent.operations > MOST_OPERATIONS)
    refuseText(source, expression.span, {
      code: "notation.too-large",
      problem: `equations stand for at most ${MOST_OPERATIONS} operations, functions and repetitions written out`,
    });
  switch (expression.kind) {
    case "number":
      return numberOf(expression.value);
    case "name":
      return named(work, expression.name);
    case "unary": {
      const operand = valueOf(work, source, expression.operand);
      const op = expression.operator === "-" ? ops.neg : ops.not;
      return emitted(work, source, expression.span, () => {
        const result = applyElementwise(work.scope, op, [operand]);
        if (typeof result !== "string") return result;
        return refuseShape(source, expression.span, {
          code: "notation.shape",
          problem: result === "condition" ? '"not" is of conditions' : '"-" is of numbers',
          received: describeOperand(work.scope, source, expression.operand, operand),
          hint: result === "condition" ? "compare with a number: not (v > 0)" : undefined,
        });
      });
    }
    case "binary":
      return chainValue(work, source, expression, beside);
    case "call":
      return callValue(work, source, expression);
    case "index": {
      const of = valueOf(work, source, expression.of);
      const index = valueOf(work, source, expression.index);
      return emitted(work, source, expression.span, () => indexOf(work, source, expression, of, index));
    }
    case "slice": {
      const of = valueOf(work, source, expression.of);
      return emitted(work, source, expression.span, () =>
        sliceOf(work, source, expression, of, (part) => valueOf(work, source, part)),
      );
    }
    case "list":
      return { kind: "list", items: expression.items.map((item) => valueOf(work, source, item)) };
    default:
      return expression satisfies never;
  }
}

function named({ names }: Work, name: string): Quantity {
  const quantity = names.get(name);
  if (quantity === undefined) throw new TypeError(`internal: the name ${name} was not checked; please report this`);
  return quantity;
}

/** Runs `build` with the part as origin, and says of what ops refuse where in the equation that is. */
function emitted(work: Work, source: EquationSource, span: Span, build: () => Quantity): Quantity {
  const result = located(work, source, span, build);
  if (result.kind === "number" && Number.isNaN(result.value))
    refuseShape(source, span, {
      code: "notation.number",
      problem: "a number that is known before the model runs is one, and not 0/0",
    });
  if (result.kind === "tensor" && dimsOfExample(work.scope, result).length > MOST_AXES)
    refuseShape(source, span, {
      code: "notation.shape",
      problem: `a tensor has at most ${MOST_AXES} axes`,
      received: formatQuantity(work.scope, result),
    });
  return result;
}

function located<T>({ scope: { g } }: Work, source: EquationSource, span: Span, build: () => T): T {
  try {
    return g.at(originOf(source, span), build);
  } catch (error) {
    if (!(error instanceof ShapeError) || error.issues.some((issue) => issue.at.kind === "equation")) throw error;
    throw new ShapeError(error.issues.map(({ at: _at, ...facts }) => equationIssue(source, span, facts)));
  }
}

/** A chain a + b + c is a tree that leans to the left, as deep as it is long; so it is followed without recursion. */
function chainValue(
  work: Work,
  source: EquationSource,
  expression: BinaryExpression,
  beside: Quantity | undefined,
): Quantity {
  const chain: BinaryExpression[] = [];
  let head: Expression = expression;
  for (; head.kind === "binary"; head = head.left) chain.push(head);
  return chain.reduceRight(
    (left, link) => {
      const isSum = link.operator === "+" || link.operator === "-";
      const right = valueOf(work, source, link.right, isSum ? left : undefined);
      const around = link === expression ? beside : undefined;
      return emitted(work, source, link.span, () =>
        combine({ scope: work.scope, source, expression: link, left, right, beside: around }),
      );
    },
    valueOf(work, source, head),
  );
}

function callValue(work: Work, source: EquationSource, expression: CallExpression): Quantity {
  const { name } = expression.name;
  const { functions, cells } = work.scope;
  const own = functions.get(name);
  if (own !== undefined) return ownFunctionValue(work, source, expression, own);
  const cell = cells.get(name);
  if (cell !== undefined) return cellValue(work, source, expression, name, cell);
  const builtIn = notationFunctions.get(name);
  if (builtIn === undefined) throw new TypeError(`internal: the function ${name} was not checked; please report this`);
  const { bound } = bindArguments(builtIn, expression);
  const values = new Map(expression.arguments.map(({ value }) => [value, valueOf(work, source, value)]));
  return emitted(work, source, expression.span, () => builtIn.apply(callOf(work, source, expression, bound, values)));
}

/** A function of the document: its expression, with the arguments in place of the parameters. */
function ownFunctionValue(
  work: Work,
  source: EquationSource,
  expression: CallExpression,
  own: FunctionEquation,
): Quantity {
  if (work.depth >= DEEPEST_CALLS)
    refuseText(source, expression.span, {
      code: "notation.too-deep",
      problem: `functions call each other at most ${DEEPEST_CALLS} deep`,
    });
  const given = own.parameters.map(
    ({ name }, i) => [name, valueOf(work, source, expression.arguments[i].value)] as const,
  );
  const inside = { ...work, depth: work.depth + 1, names: new Map([...work.scope.names, ...given]) };
  const place = `${own.source.place}, called in ${source.place}`;
  return valueOf(inside, { ...own.source, place }, own.value);
}

/** One step of an inner cell. States that the call does not give are those before the step. */
function cellValue(
  work: Work,
  source: EquationSource,
  expression: CallExpression,
  name: string,
  cell: InnerCell,
): Quantity {
  const given = expression.arguments.filter((argument) => argument.name === null);
  if (given.length !== cell.inputs.length)
    refuseText(source, expression.span, {
      code: "notation.arguments",
      problem: `the cell ${name} reads ${cell.inputs.map((input) => input.name).join(", ")}`,
      received: `${given.length} arguments`,
    });
  const inputs = given.map(({ value }, i) =>
    exampleTensor(work, source, value, cell.inputs[i].dims, `what the cell ${name} reads`),
  );
  const states = Object.fromEntries(
    cell.states.map(({ name: state, dims }) => {
      const replaced = expression.arguments.find((argument) => argument.name?.name === state);
      if (replaced !== undefined)
        return [
          state,
          exampleTensor(work, source, replaced.value, dims, `the state ${state} of ${name}`).value,
        ] as const;
      const before = named(work, `${name}.${state}`);
      if (before.kind !== "tensor")
        throw new TypeError(`internal: the state ${name}.${state} is no tensor; please report this`);
      return [state, before.value] as const;
    }),
  );
  const result = located(work, source, expression.span, () =>
    cell.step(
      inputs.map(({ value }) => value),
      states,
    ),
  );
  for (const [state, value] of Object.entries(result.states)) work.define(`${name}.${state}'`, tensorOf(value, true));
  return tensorOf(result.output, true);
}

/** An expression as batched floats of known dims for one example. */
function exampleTensor(
  work: Work,
  source: EquationSource,
  expression: Expression,
  dims: readonly (number | string)[],
  what: string,
): TensorQuantity {
  return toExample(work, source, expression.span, valueOf(work, source, expression), dims, what);
}

/** A quantity as batched floats of known dims for one example; numbers and what all share are repeated. */
export function toExample(
  work: Work,
  source: EquationSource,
  span: Span,
  quantity: Quantity,
  dims: readonly (number | string)[],
  what: string,
): TensorQuantity {
  const { scope } = work;
  const tensor = tensorIn(scope, quantity, scope.dtype);
  const own = tensor === undefined ? undefined : dimsOfExample(scope, tensor);
  if (tensor === undefined || own === undefined || (own.length > 0 && own.join() !== dims.join()))
    return refuseShape(source, span, {
      code: "notation.shape",
      problem: `${what} has the shape that is declared`,
      expected: dims.length === 0 ? "a number" : `[${dims.join(",")}]`,
      received: formatQuantity(scope, quantity),
    });
  return located(work, source, span, () => stretch(scope, tensor, dims, true));
}
