/**
 * The initial and final states of a recurrent layer. With several runs (one per stacked layer and direction)
 * a state of the whole layer is [B, runs, ...], and run `layer * directions + direction` comes in that order;
 * with one run it is [B, ...]. So the final state of one layer is the initial state of another of equal structure.
 */
import { findNearest, formatType, joinPointer, type Dims, type GraphBuilder, type Value } from "@latchgrad/core";
import * as z from "zod";
import type { Cell, Named, StateSpec } from "../cells/cell.js";
import { pathSchema, referenceSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import type { LayerReference, LayerScope } from "./layer.js";

export const initialStateSchema = z
  .union([z.enum(["zeros", "learned"]), z.record(pathSchema, referenceSchema)])
  .describe(
    'State before the first step: "zeros" (or what the cell says), "learned" (weights that start there), or for each state the ' +
      'input or layer that gives it, such as {"h": "encoder.h", "c": "encoder.c"}; states not mentioned start at zero.',
  );

export type InitialState = z.output<typeof initialStateSchema>;

/** The names that a given initial state mentions. */
export const initialStateReferences = (initial: InitialState): readonly LayerReference[] =>
  typeof initial === "string"
    ? []
    : Object.entries(initial).map(([state, reference]) => ({ path: ["initialState", state], reference }));

/** Dims of a state of the whole layer. */
const wholeDims = (batch: Dims[number], runs: number, dims: readonly number[]): Dims =>
  runs === 1 ? [batch, ...dims] : [batch, runs, ...dims];

/** Element type and dims as the layer wants them, or a ConfigError at the reference. */
function checkState(scope: LayerScope, state: string, value: Value, dims: Dims): Value {
  const { dtype } = scope;
  if (formatType(value.type) === formatType({ dtype, dims })) return value;
  return refuse("initial-state", joinPointer(scope.pointer, "initialState", state), {
    problem: `the initial state "${state}" has the type of that state`,
    expected: formatType({ dtype, dims }),
    received: formatType(value.type),
  });
}

/** Gives, for run `index` of `runs`, the initial value of every state; `path` is the run's part of weight names. */
export function initialStates(
  scope: LayerScope,
  cell: Cell,
  initial: InitialState,
  batch: Dims[number],
  runs: number,
): (index: number, path: string, states: readonly StateSpec[]) => Named<Value> {
  const { g, dtype } = scope;
  if (typeof initial !== "string") checkStateNames(scope, cell, Object.keys(initial));
  const stateOf = ({ name, dims, init = 0 }: StateSpec, index: number, path: string): Value => {
    const start = g.constant({ dtype, dims: [batch, ...dims], data: [init] });
    if (initial === "zeros") return start;
    if (initial === "learned") return g.add(scope.weight(`${path}${name}0`, dims, "zeros"), start);
    const given = Object.hasOwn(initial, name) ? scope.find(initial[name]) : undefined;
    if (given === undefined) return start;
    const whole = checkState(scope, name, given, wholeDims(batch, runs, dims));
    return runs === 1 ? whole : takeRun(g, whole, index);
  };
  return (index, path, states) => Object.fromEntries(states.map((state) => [state.name, stateOf(state, index, path)]));
}

function checkStateNames(scope: LayerScope, cell: Cell, given: readonly string[]): void {
  const known = cell.stateNames;
  for (const name of given) {
    if (known.includes(name)) continue;
    const nearest = findNearest(name, known);
    refuse("unknown-state", joinPointer(scope.pointer, "initialState", name), {
      problem: `the cell has no state "${name}"`,
      expected: known.join(", "),
      hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
    });
  }
}

/** [B, runs, ...] → [B, ...] */
function takeRun(g: GraphBuilder, whole: Value, index: number): Value {
  const [batch, , ...rest] = whole.type.dims;
  const slice = g.slice(whole, {
    start: [0, index, ...rest.map(() => 0)],
    limit: [batch, index + 1, ...rest],
    step: whole.type.dims.map(() => 1),
  });
  return g.reshape(slice, { dims: [batch, ...rest] });
}

/** The final states of all runs, as states of the whole layer. */
export function finalStates(g: GraphBuilder, cell: Cell, finals: readonly Named<Value>[]): Named<Value> {
  const wholeOf = (name: string): Value => {
    if (finals.length === 1) return finals[0][name];
    const single = finals.map((final) => {
      const [batch, ...rest] = final[name].type.dims;
      return g.reshape(final[name], { dims: [batch, 1, ...rest] });
    });
    return g.concat(single, { axis: 1 });
  };
  return Object.fromEntries(cell.stateNames.map((name) => [name, wholeOf(name)]));
}
