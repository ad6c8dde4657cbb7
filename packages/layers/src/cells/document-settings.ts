/** Settings of a cell document: what a layer gives, what formulas over it come to, and the sizes that inputs bind. */
import {
  buildGraph,
  ConfigError,
  CONSTANTS,
  elaborateFormula,
  joinPointer,
  numberOf,
  ShapeError,
  sizeQuantity,
  suggestName,
  type Dim,
  type Dims,
  type Formula,
  type NotationScope,
  type Quantity,
} from "@latchgrad/core";
import { readWithSchema } from "../config/read-schema.js";
import { configIssue, refuse } from "../config/refuse.js";
import { initializerSchema, type Initializer } from "../init/registry.js";
import type { Named } from "./cell.js";
import type { CellEquations } from "./document-equations.js";
import type { CellDocument } from "./document-schema.js";

/** What formulas of a document mean before there is a graph. */
export type SettingValues = ReadonlyMap<string, Quantity>;

type HyperLimits = Exclude<CellDocument["hyper"][string], number>;

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
    const limits: HyperLimits = typeof setting === "number" ? { default: setting, integer: false } : setting;
    const value = Object.hasOwn(given, key) ? given[key] : limits.default;
    const at = joinPointer(pointer, key);
    if (value === undefined)
      issues.push(configIssue("missing", at, { problem: `the cell ${name} needs its setting ${key}` }));
    else {
      const { min = -Infinity, max = Infinity } = limits;
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

/** The constants of the notation, as names mean them. */
export const constants: ReadonlyMap<string, Quantity> = new Map(
  Object.entries(CONSTANTS).map(([name, value]) => [name, numberOf(value)]),
);

/** A scope without a graph that anyone sees: for sizes and other numbers. */
const settingScope = (values: SettingValues): NotationScope => ({
  g: buildGraph("settings"),
  dtype: "f64",
  batch: [],
  training: false,
  names: new Map([...constants, ...values]),
  functions: new Map(),
  cells: new Map(),
  states: new Map(),
});

/** The number that a formula over settings gives. */
export function numberFrom(formula: Formula, values: SettingValues): number {
  const quantity = elaborateFormula(formula, settingScope(values));
  if (quantity.kind === "number") return quantity.value;
  return refuseFormula(formula, "a setting is a number", "no number");
}

/** The size that a formula over settings and sizes gives. */
function sizeFrom(formula: Formula, values: SettingValues): Dim {
  const quantity = elaborateFormula(formula, settingScope(values));
  if (quantity.kind === "size") return quantity.dim;
  if (quantity.kind === "number" && Number.isInteger(quantity.value) && quantity.value >= 0) return quantity.value;
  return refuseFormula(
    formula,
    "a size is a whole number, 0 or more",
    quantity.kind === "number" ? String(quantity.value) : "no number",
  );
}

/** The size that a formula gives, which has to be a number. */
export const knownSizeFrom = (formula: Formula, values: SettingValues): number => {
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
export function bindSizes(
  equations: CellEquations,
  settings: SettingValues,
  shapes: { readonly inputs: Named<Dims>; readonly context: Named<Dims> },
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
            problem: `the input ${name} has the size that is said on axis ${axis}: ${formula.source.text}`,
            expected: String(wanted),
            received: String(given),
          });
      });
  };
  bind(equations.inputs, shapes.inputs);
  bind(equations.context, shapes.context);
  return values;
}

/** The initializer of a weight, with its expressions computed. */
export function initializerFrom(init: Named<Formula | string>, values: SettingValues, pointer: string): Initializer {
  const config = Object.fromEntries(
    Object.entries(init).map(([key, value]) => [key, typeof value === "string" ? value : numberFrom(value, values)]),
  );
  const { type, ...settings } = config;
  return readWithSchema(initializerSchema, Object.keys(settings).length === 0 ? type : config, { pointer });
}
