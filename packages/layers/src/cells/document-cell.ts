/** A cell from its document: the settings of a layer, the equations, and the graph under construction become one `Cell`. */
import {
  elaborate,
  elaborateExample,
  elaborateFormula,
  joinPointer,
  STEP,
  tensorOf,
  TRAIN,
  truthOf,
  type Formula,
  type InnerCell,
  type NotationScope,
  type Quantity,
  type Value,
} from "@latchgrad/core";
import type { Cell, CellShapes, CellStartInput, CellStep, Named, StateSpec, WeightSpec } from "./cell.js";
import type { CellEquations, PlacedDocument } from "./document-equations.js";
import {
  bindSizes,
  constants,
  initializerFrom,
  knownSizeFrom,
  numberFrom,
  type SettingValues,
} from "./document-settings.js";

/** A cell inside another one, made for its settings. */
export interface Inner {
  readonly cell: Cell;
  readonly shapes: CellShapes;
}

const specsOf = (formulas: Named<readonly Formula[]>) =>
  Object.entries(formulas).map(([name, sizes]) => ({ name, rank: sizes.length }));

/**
 * The cell of a document with these settings. `innerCells` gives the cells inside it, once the sizes of inputs are known;
 * their states have the names "inner.h". `place` is where a layer uses the cell.
 */
export function makeDocumentCell(
  { document, pointer }: PlacedDocument,
  equations: CellEquations,
  settings: SettingValues,
  innerCells: (values: SettingValues) => Named<Inner>,
  innerStateNames: readonly string[],
  place: string,
): Cell {
  const sizesFor = (shapes: CellShapes): SettingValues => bindSizes(equations, settings, shapes, place);
  return {
    stateNames: [...Object.keys(equations.states), ...innerStateNames],
    inputs: specsOf(equations.inputs),
    context: specsOf(equations.context),
    states(shapes) {
      const values = sizesFor(shapes);
      const inner = Object.entries(innerCells(values)).flatMap(([name, { cell, shapes: innerShapes }]) =>
        cell.states(innerShapes).map((state): StateSpec => ({ ...state, name: `${name}.${state.name}` })),
      );
      return [...ownStates(equations, values), ...inner];
    },
    weights(shapes) {
      const values = sizesFor(shapes);
      const own = Object.entries(equations.params).map(([name, { shape, init }]): WeightSpec => ({
        name,
        dims: shape.map((size) => knownSizeFrom(size, values)),
        initializer: initializerFrom(init, values, joinPointer(pointer, "params", name, "init")),
        trainable: document.params[name].trainable,
        origin: joinPointer(pointer, "params", name),
      }));
      const inner = Object.entries(innerCells(values)).flatMap(([name, { cell, shapes: innerShapes }]) =>
        cell.weights(innerShapes).map((weight): WeightSpec => ({ ...weight, name: `${name}.${weight.name}` })),
      );
      return [...own, ...inner];
    },
    start: (input) => startCell(equations, input, sizesFor(input.shapes), innerCells),
  };
}

const ownStates = (equations: CellEquations, values: SettingValues): readonly StateSpec[] =>
  Object.entries(equations.states).map(([name, { shape, init }]) => ({
    name,
    dims: shape.map((size) => knownSizeFrom(size, values)),
    init: numberFrom(init, values),
  }));

const entriesOf = (values: Named<Value>, batched: boolean): readonly (readonly [string, Quantity])[] =>
  Object.entries(values).map(([name, value]) => [name, tensorOf(value, batched)] as const);

/** The names of weights that are the cell's own, not those of cells inside. */
const ownOf = (values: Named<Value>): Named<Value> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !name.includes(".")));
const innerOf = (values: Named<Value>, cell: string): Named<Value> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      name.startsWith(`${cell}.`) ? [[name.slice(cell.length + 1), value] as const] : [],
    ),
  );

function startCell(
  equations: CellEquations,
  { g, dtype, batch, weights, context, training, uniform }: CellStartInput,
  sizes: SettingValues,
  innerCells: (values: SettingValues) => Named<Inner>,
): CellStep {
  const once: NotationScope = {
    g,
    dtype,
    batch: [batch],
    training,
    names: new Map([
      ...constants,
      ...sizes,
      ...entriesOf(ownOf(weights), false),
      ...entriesOf(context, true),
      [TRAIN, truthOf(training)],
    ]),
    functions: equations.functions,
    cells: new Map(),
    states: new Map(),
    uniform,
  };
  const prepared = elaborate(equations.once, once);
  const inner = Object.entries(innerCells(sizes)).map(([name, { cell, shapes }]) => ({
    name,
    cell,
    shapes,
    step: cell.start({
      g,
      dtype,
      batch,
      shapes,
      weights: innerOf(weights, name),
      context: {},
      training,
      uniform: (stream, dims) => uniform(`${name}.${stream}`, dims),
    }),
  }));
  const states = ownStates(equations, sizes);
  const shapes = new Map(states.map(({ name, dims }) => [name, dims] as const));

  return (step) => {
    const innerCellOf = ({ name, cell, shapes: innerShapes, step: next }: (typeof inner)[number]): InnerCell => ({
      inputs: cell.inputs.map((input) => ({ name: input.name, dims: innerShapes.inputs[input.name] })),
      states: cell.states(innerShapes),
      step(inputs, state) {
        const result = next({
          g: step.g,
          inputs: Object.fromEntries(cell.inputs.map((input, i) => [input.name, inputs[i]])),
          state,
          t: step.t,
          uniform: (stream, dims) => step.uniform(`${name}.${stream}`, dims),
        });
        return { output: result.output, states: result.state };
      },
    });
    const scope: NotationScope = {
      ...once,
      g: step.g,
      names: new Map([
        ...once.names,
        ...prepared,
        ...entriesOf(step.inputs, true),
        ...entriesOf(step.state, true),
        [STEP, tensorOf(step.t, step.t.type.dims.length > 0)],
      ]),
      cells: new Map(inner.map((each) => [each.name, innerCellOf(each)])),
      states: shapes,
      uniform: step.uniform,
    };
    const defined = elaborate(equations.equations, scope);
    const next = (name: string): Value => {
      const quantity = defined.get(`${name}'`);
      if (quantity?.kind === "tensor") return quantity.value;
      throw new TypeError(`internal: ${name}' was not checked; please report this`);
    };
    const names = [
      ...states.map(({ name }) => name),
      ...inner.flatMap(({ name, cell }) => cell.stateNames.map((state) => `${name}.${state}`)),
    ];
    return {
      state: Object.fromEntries(names.map((name) => [name, next(name)])),
      output: outputOf(equations.output, scope, defined),
    };
  };
}

/** The output in the shape that it turns out to have. */
function outputOf(output: Formula, scope: NotationScope, defined: ReadonlyMap<string, Quantity>): Value {
  const quantity = elaborateFormula(output, scope, defined);
  if (quantity.kind === "tensor" && quantity.batched && quantity.value.type.dtype === scope.dtype)
    return quantity.value;
  const dims = quantity.kind === "tensor" ? quantity.value.type.dims.slice(quantity.batched ? 1 : 0) : [];
  return elaborateExample(output, scope, defined, dims, "the output");
}
