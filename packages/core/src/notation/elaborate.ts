/**
 * Equations to graph: a pure function from equations, what their names mean and a graph under construction to what the
 * equations define. Nodes carry the columns they come from. Names are checked before, by `findNameIssues`.
 */
import type { Dims } from "../shape/tensor-type.js";
import type { Value } from "../ops/op.js";
import { sortBlock, type Block, type Repetition } from "./block.js";
import { sizeOf } from "./call.js";
import { toExample, valueOf } from "./evaluate.js";
import type { Equation, Formula } from "./parse.js";
import { formatQuantity, numberOf, type Quantity } from "./quantity.js";
import type { NotationScope, Work } from "./scope.js";
import { refuseShape, refuseText } from "./source.js";

/** Passes of a repetition. */
export const MOST_PASSES = 1000;

const CELL_STATES = (scope: NotationScope): ReadonlyMap<string, readonly string[]> =>
  new Map([...scope.cells].map(([name, { states }]) => [name, states.map((state) => state.name)]));

/** What the equations define, by name: "f", "c'", and for cells that are called "inner.h'". Throws ShapeError or ConfigError. */
export function elaborate(block: Block, scope: NotationScope): ReadonlyMap<string, Quantity> {
  return elaborateBlock(block, scope, new Map(), { operations: 0 }, "", new Set());
}

function elaborateBlock(
  block: Block,
  scope: NotationScope,
  outer: ReadonlyMap<string, Quantity>,
  spent: Work["spent"],
  path: string,
  known: Set<Value>,
): ReadonlyMap<string, Quantity> {
  const defined = new Map<string, Quantity>();
  const names = new Map([...scope.names, ...outer]);
  for (const quantity of names.values()) if (quantity.kind === "tensor") known.add(quantity.value);
  const define = (name: string, quantity: Quantity): void => {
    defined.set(name, quantity);
    names.set(name, quantity);
    // What only passes a value on does not rename it.
    if (quantity.kind !== "tensor" || known.has(quantity.value)) return;
    known.add(quantity.value);
    scope.g.named(name, quantity.value);
  };
  for (const statement of sortBlock(block, CELL_STATES(scope)).sorted) {
    if (statement.kind === "repetition") {
      const work = workOf(scope, names, spent, () => `${path}${statement.carry[0]?.name ?? ""}`, define);
      for (const [name, quantity] of repeated(statement, work, path, known)) define(name, quantity);
    } else {
      const target = path + statement.equation.targets[0].name;
      let draws = 0;
      const stream = (): string => (++draws === 1 ? target : `${target}.${draws}`);
      defineTargets(statement.equation, workOf(scope, names, spent, stream, define));
    }
  }
  return defined;
}

const workOf = (
  scope: NotationScope,
  names: ReadonlyMap<string, Quantity>,
  spent: Work["spent"],
  stream: () => string,
  define: Work["define"],
): Work => ({ scope, names, spent, depth: 0, stream, define });

function defineTargets({ source, targets, value }: Equation, work: Work): void {
  const quantity = valueOf(work, source, value);
  const results = quantity.kind === "list" ? quantity.items : [quantity];
  if (results.length !== targets.length)
    refuseText(
      source,
      targets.length > 1 ? { from: targets[0].span.from, to: targets[targets.length - 1].span.to } : value.span,
      {
        code: "notation.results",
        problem: "there is a name for each result",
        expected: `${results.length} name${results.length === 1 ? "" : "s"}`,
        received: `${targets.length} name${targets.length === 1 ? "" : "s"}`,
      },
    );
  targets.forEach(({ name }, i) => {
    const dims = name.endsWith("'") ? work.scope.states.get(name.slice(0, -1)) : undefined;
    const what = `the next value of the state ${name.slice(0, -1)}`;
    work.define(name, dims === undefined ? results[i] : toExample(work, source, value.span, results[i], dims, what));
  });
}

/** Written out, so that its index is a number and parameters can be chosen by it. */
function repeated(repetition: Repetition, work: Work, path: string, known: Set<Value>): ReadonlyMap<string, Quantity> {
  const { count, carry, index, body } = repetition;
  const passes = sizeOf(count.source, count.value.span, valueOf(work, count.source, count.value), work.scope);
  if (typeof passes !== "number" || passes > MOST_PASSES)
    return refuseText(count.source, count.value.span, {
      code: "notation.too-large",
      problem: `a repetition has a known number of passes, at most ${MOST_PASSES}`,
      received: String(passes),
    });
  let carried = new Map(carry.map(({ name, init }) => [name, valueOf(work, init.source, init.value)] as const));
  for (let pass = 0; pass < passes; pass++) {
    const outer = new Map([
      ...work.names,
      ...carried,
      ...(index === undefined ? [] : [[index, numberOf(pass)] as const]),
    ]);
    const defined = elaborateBlock(
      body,
      { ...work.scope, states: new Map() },
      outer,
      work.spent,
      `${path}${repetition.source.pointer.split("/").at(-1) ?? ""}.${pass}.`,
      known,
    );
    carried = new Map(
      carry.map(({ name, init }) => {
        const next = defined.get(`${name}'`);
        const before = carried.get(name);
        if (next === undefined || before === undefined)
          throw new TypeError(`internal: ${name}' was not checked; please report this`);
        checkCarried(work.scope, name, init, before, next);
        return [name, next] as const;
      }),
    );
  }
  return carried;
}

/** A pass leaves the shape that it found; only the first may widen a number. */
function checkCarried(scope: NotationScope, name: string, init: Formula, before: Quantity, next: Quantity): void {
  const [from, to] = [formatQuantity(scope, before), formatQuantity(scope, next)];
  if (from === to || before.kind === "number") return;
  refuseShape(init.source, init.value.span, {
    code: "notation.shape",
    problem: `${name} keeps its shape from pass to pass`,
    expected: from,
    received: to,
  });
}

/** What an expression stands for, where `defined` are the names of equations elaborated before. */
export function elaborateFormula(
  { source, value }: Formula,
  scope: NotationScope,
  defined: ReadonlyMap<string, Quantity> = new Map(),
): Quantity {
  return valueOf(formulaWork(scope, defined), source, value);
}

/** An expression as a batched tensor of floats of the given dims for one example; `what` says what it is, for messages. */
export function elaborateExample(
  { source, value }: Formula,
  scope: NotationScope,
  defined: ReadonlyMap<string, Quantity>,
  dims: Dims,
  what: string,
): Value {
  const work = formulaWork(scope, defined);
  return toExample(work, source, value.span, valueOf(work, source, value), dims, what).value;
}

const formulaWork = (scope: NotationScope, defined: ReadonlyMap<string, Quantity>): Work =>
  workOf(
    scope,
    new Map([...scope.names, ...defined]),
    { operations: 0 },
    () => "result",
    () => undefined,
  );
