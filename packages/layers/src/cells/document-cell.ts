/** A cell from its document: the settings of a layer, the equations, and the graph under construction become one `Cell`. */
import {
  buildGraph,
  ConfigError,
  elaborate,
  elaborateExample,
  elaborateFormula,
  joinPointer,
  numberOf,
  ShapeError,
  sizeQuantity,
  STEP,
  suggestName,
  tensorOf,
  TRAIN,
  truthOf,
  type Dim,
  type Dims,
  type Formula,
  type InnerCell,
  type NotationScope,
  type Quantity,
  type Value,
} from "@latchgrad/core";
import { readWithSchema } from "../config/read-schema.js";
import { configIssue, refuse } from "../config/refuse.js";
import { initializerSchema, type Initializer } from "../init/registry.js";
import type { Cell, CellShapes, CellStartInput, CellStep, Named, StateSpec, WeightSpec } from "./cell.js";
import type { CellEquations, PlacedDocument } from "./document-equations.js";
import type { CellDocument } from "./document-schema.js";

/** A cell inside another one, made for its settings. */
export interface Inner {
  readonly cell: Cell;
  readonly shapes: CellShapes;
}

/** What formulas of a document mean before there is a graph. */
export type SettingValues = ReadonlyMap<string, Quantity>;

/** The values of a cell's settings: those that a layer gives, and defaults. Throws ConfigError with every problem. */
export function settingsOf(
  { hyper }: CellDocument,
  name: string,
  given: Named<number>,
  pointer: string,
): SettingValues {
  const known = ["units", ...Object.keys(hyper)];
  const issues = Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) =>
      configIssue("unknown-key", joinPointer(pointer, key), {
        problem: `the cell ${name} has no setting "${key}"`,
        hint: suggestName(key, known),
      }),
    );
  const values = new Map<string, Quantity>([["units", numberOf(given.units)]]);
  for (const [key, setting] of Object.entries(hyper)) {
    const limits = typeof setting === "number" ? { default: setting, integer: false } : setting;
    const value = Object.hasOwn(given, key) ? given[key] : limits.default;
    const at = joinPointer(pointer, key);
    if (value === undefined)
      issues.push(configIssue("missing", at, { problem: `the cell ${name} needs its setting ${key}` }));
    else {
      const { min = -Infinity, max = Infinity } = "min" in limits || "max" in limits ? limits : {};
      if (value < min || value > max || (limits.integer && !Number.isInteger(value)))
        issues.push(
          configIssue("range", at, {
            problem: `the setting ${key} is within its limits`,
            expected: `${limits.integer ? "a whole number" : "a number"} from ${min} to ${max}`,
            received: String(value),
          }),
        );
      values.set(key, numberOf(value));
    }
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return values;
}

const NO_BATCH: Dims = [];

/** A scope without a graph that anyone sees: for sizes and other numbers. */
const settingScope = (values: SettingValues, functions: NotationScope["functions"]): NotationScope => ({
  g: buildGraph("settings"),
  dtype: "f64",
  batch: NO_BATCH,
  training: false,
  names: new Map([...constants, ...values]),
  functions,
  cells: new Map(),
  states: new Map(),
});

const constants: ReadonlyMap<string, Quantity> = new Map([
  ["pi", numberOf(Math.PI)],
  ["inf", numberOf(Infinity)],
]);

/** The number that a formula over settings gives. */
export function numberFrom(formula: Formula, values: SettingValues): number {
  const quantity = elaborateFormula(formula, settingScope(values, new Map()));
  if (quantity.kind === "number") return quantity.value;
  return refuseFormula(formula, "a setting is a number", "no number");
}

/** The size that a formula over settings and sizes gives. */
function sizeFrom(formula: Formula, values: SettingValues): Dim {
  const quantity = elaborateFormula(formula, settingScope(values, new Map()));
  if (quantity.kind === "size") return quantity.dim;
  if (quantity.kind === "number" && Number.isInteger(quantity.value) && quantity.value >= 0) return quantity.value;
  return refuseFormula(
    formula,
    "a size is a whole number, 0 or more",
    quantity.kind === "number" ? String(quantity.value) : "no number",
  );
}

const knownSizeFrom = (formula: Formula, values: SettingValues): number => {
  const size = sizeFrom(formula, values);
  return typeof size === "number"
    ? size
    : refuseFormula(formula, "the size of a weight or state is known before the model runs", size);
};

/** The sizes that formulas give, which are known. */
export const sizesFrom = (formulas: readonly Formula[], values: SettingValues): readonly number[] =>
  formulas.map((formula) => knownSizeFrom(formula, values));

function refuseFormula({ source, value: { span } }: Formula, problem: string, received: string): never {
  const { pointer, place, text } = source;
  throw new ShapeError([
    {
      code: "notation.size",
      problem,
      received,
      at: { kind: "equation", pointer, place, text, from: span.from, to: span.to },
    },
  ]);
}

/** Settings, and the sizes that the inputs of a layer have. Throws ConfigError where they contradict each other. */
function bindSizes(
  equations: CellEquations,
  settings: SettingValues,
  shapes: CellShapes,
  place: string,
): SettingValues {
  const values = new Map(settings);
  const bind = (formulas: Named<readonly Formula[]>, dims: Named<Dims>): void => {
    for (const [name, sizes] of Object.entries(formulas))
      sizes.forEach((formula, axis) => {
        const given = dims[name][axis];
        if (
          formula.value.kind === "name" &&
          equations.sizes.includes(formula.value.name) &&
          !values.has(formula.value.name)
        ) {
          values.set(formula.value.name, sizeQuantity(given));
          return;
        }
        const wanted = sizeFrom(formula, values);
        if (wanted !== given)
          refuse("input-type", place, {
            problem: `the input ${name} of the cell has the size that it says on axis ${axis}: ${formula.source.text}`,
            expected: String(wanted),
            received: String(given),
          });
      });
  };
  bind(equations.inputs, shapes.inputs);
  bind(equations.context, shapes.context);
  return values;
}

const specsOf = (formulas: Named<readonly Formula[]>) =>
  Object.entries(formulas).map(([name, sizes]) => ({ name, rank: sizes.length }));

/**
 * The cell of a document with these settings. `inner` gives the cells inside it, for the sizes that are known when the inputs
 * are; `place` is where a layer uses the cell.
 */
export function makeDocumentCell(
  { document, pointer }: PlacedDocument,
  equations: CellEquations,
  settings: SettingValues,
  innerCells: (values: SettingValues) => Named<Inner>,
  place: string,
): Cell {
  const ownStates = statesOf(equations, settings);
  // The states of cells inside do not depend on the sizes of inputs.
  const unknown = new Map([...equations.sizes.map((name) => [name, numberOf(1)] as const), ...settings]);
  const innerStates = Object.entries(innerCells(unknown)).flatMap(([name, { cell }]) =>
    cell.states.map((state): StateSpec => ({ ...state, name: `${name}.${state.name}` })),
  );
  return {
    states: [...ownStates, ...innerStates],
    inputs: specsOf(equations.inputs),
    context: specsOf(equations.context),
    weights(shapes) {
      const values = bindSizes(equations, settings, shapes, place);
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
    start: (input) =>
      startCell(equations, ownStates, input, bindSizes(equations, settings, input.shapes, place), innerCells),
  };
}

const statesOf = (equations: CellEquations, settings: SettingValues): readonly StateSpec[] =>
  Object.entries(equations.states).map(([name, { shape, init }]) => ({
    name,
    dims: shape.map((size) => knownSizeFrom(size, settings)),
    init: numberFrom(init, settings),
  }));

/** The initializer of a weight, with its expressions computed. */
function initializerFrom(init: Named<Formula | string>, values: SettingValues, pointer: string): Initializer {
  const config = Object.fromEntries(
    Object.entries(init).map(([key, value]) => [key, typeof value === "string" ? value : numberFrom(value, values)]),
  );
  const { type, ...settings } = config;
  return readWithSchema(initializerSchema, Object.keys(settings).length === 0 ? type : config, { pointer });
}

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
  states: readonly StateSpec[],
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
  const shapes = new Map(states.map(({ name, dims }) => [name, dims] as const));

  return (step) => {
    const innerCellOf = ({ name, cell, shapes: innerShapes, step: next }: (typeof inner)[number]): InnerCell => ({
      inputs: cell.inputs.map((input) => ({ name: input.name, dims: innerShapes.inputs[input.name] })),
      states: cell.states,
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
        [STEP, tensorOf(step.t, false)],
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
      ...inner.flatMap(({ name, cell }) => cell.states.map((state) => `${name}.${state.name}`)),
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
