/** One step of a cell as a graph: what its equations come to, before a loop, a gradient or a pass. */
import { buildGraph, f32, i32, STEP, type Graph, type Value } from "@latchgrad/core";
import type { Cell, CellShapes, Named } from "../cells/cell.js";

/** One step, and what its parameters are. */
export interface StepGraph {
  /**
   * Parameters: weights, context, inputs, states and `t`, by their names. Outputs: the next value of each state by the state's name
   * with a prime, and `output`.
   */
  readonly graph: Graph;
  /** Names of what changes from step to step, then of what stays the same over a sequence. */
  readonly inputs: readonly string[];
  readonly states: readonly string[];
}

/** The batch of a step that nobody runs. */
const BATCH = "B";

/** One step of a cell on inputs of these shapes, as it is outside training, so that nothing in it is random. */
export function stepGraph(cell: Cell, name: string, shapes: CellShapes): StepGraph {
  const g = buildGraph(name);
  const weights = valuesOf(
    cell.weights(shapes).map((weight) => [weight.name, g.param(weight.name, f32(...weight.dims))]),
  );
  const read = (dims: CellShapes["context"]): Named<Value> =>
    valuesOf(Object.entries(dims).map(([key, each]) => [key, g.param(key, f32(BATCH, ...each))]));
  const context = read(shapes.context);
  const inputs = read(shapes.inputs);
  const uniform = (): never => {
    throw new TypeError("internal: random numbers outside training; please report this");
  };
  const step = cell.start({ g, dtype: "f32", batch: BATCH, shapes, weights, context, training: false, uniform });
  const state = valuesOf(cell.states(shapes).map((each) => [each.name, g.param(each.name, f32(BATCH, ...each.dims))]));
  const next = step({ g, inputs, state, t: g.param(STEP, i32()), uniform });
  const outputs = Object.entries(next.state).map(([key, value]) => [`${key}'`, value] as const);
  return {
    graph: g.build({ ...Object.fromEntries(outputs), output: next.output }),
    inputs: [...Object.keys(inputs), ...Object.keys(context), STEP],
    states: Object.keys(state),
  };
}

const valuesOf = (entries: readonly (readonly [string, Value])[]): Named<Value> => Object.fromEntries(entries);
