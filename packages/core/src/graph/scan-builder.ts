/**
 * scan and call as one writes them: carries, inputs and outputs by name, and a
 * body that may use any value of the graph around it.
 */
import { GraphError } from "../errors/errors.js";
import { call as callOp } from "../ops/call.js";
import type { Value } from "../ops/op.js";
import { scan as scanOp } from "../ops/scan.js";
import { ceilSqrtDim, type Dim } from "../shape/dim.js";
import { i32 } from "../shape/tensor-type.js";
import type { Graph } from "../ir/graph.js";
import type { GraphBuilder, RegionBuilder } from "./builder.js";
import { keysOf, named, type Values } from "./values.js";

export interface ScanOptions<Carry extends string, X extends string> {
  /** Name of the body in the printed graph. Default "step". */
  readonly name?: string;
  /** The carries before the first step. */
  readonly init: Values<Carry>;
  /** Stacked along time: [length, ...]. */
  readonly xs?: Values<X>;
  /** Number of steps; needed only without xs. */
  readonly length?: Dim;
  /** Go from the last step to the first; ys stay in their places. */
  readonly reverse?: boolean;
  /** i32[B]: example b takes part only in steps t < lengths[b]; in the others its carries stay as they are. */
  readonly lengths?: Value;
  /** With lengths, what ys are in steps that an example does not take part in: zero, or the last ones it had. */
  readonly outputs?: "zero" | "hold";
  /**
   * Save memory: the loop runs in chunks of at most so many steps ("sqrt": the root of their number), and the derivative keeps the carries
   * at the start of each chunk and computes the rest again. Default "none".
   */
  readonly checkpoint?: "none" | "sqrt" | number;
  /** Truncated backpropagation: after every k1 steps, back by k2 steps. */
  readonly truncate?: { readonly k1: number; readonly k2: number };
}

export interface StepInputs<Carry extends string, X extends string> {
  readonly carry: Values<Carry>;
  /** This step's row of each of xs. */
  readonly x: Values<X>;
  /** Index of the step, i32. */
  readonly t: Value;
}

export interface StepResults<Carry extends string, Y extends string> {
  readonly carry: Values<Carry>;
  readonly y: Values<Y>;
}

export interface ScanResults<Carry extends string, Y extends string> {
  readonly final: Values<Carry>;
  /** Stacked along time: [length, ...]. */
  readonly y: Values<Y>;
}

function refuse(name: string, problem: string, hint: string): never {
  throw new GraphError([{ code: "scan.options", problem, at: { kind: "value", name: `scan ${name}` }, hint }]);
}

/**
 * Appends a loop. `step` is called once, with a builder for the body; values of `g` used inside become consts.
 * Throws ShapeError when carries change their type or xs differ in length, GraphError when options contradict each other.
 */
export function scan<Carry extends string, X extends string = never, Y extends string = never>(
  g: GraphBuilder,
  options: ScanOptions<Carry, X>,
  step: (body: RegionBuilder, inputs: StepInputs<Carry, X>) => StepResults<Carry, Y>,
): ScanResults<Carry, Y> {
  const { name = "step", init, lengths, outputs, reverse = false, checkpoint = "none", truncate } = options;
  const xs = options.xs ?? ({} as Values<X>);
  const carryNames = keysOf(init);
  const xNames = keysOf(xs);
  const [firstX] = Object.values<Value>(xs);
  const length = options.length ?? firstX?.type.dims[0];
  if (length === undefined) refuse(name, "the number of steps is known", "give length, or xs stacked along time");
  if ((lengths === undefined) !== (outputs === undefined))
    refuse(name, "lengths and outputs are given together", 'with lengths, say outputs: "zero" or outputs: "hold"');

  const body = g.inner(name);
  const carry = carryNames.map((key) => body.param(key, init[key].type));
  const rows = xNames.map((key) =>
    body.param(carryNames.includes(key as string as Carry) ? `${key}_t` : key, {
      dtype: xs[key].type.dtype,
      dims: xs[key].type.dims.slice(1),
    }),
  );
  const t = body.param("t", i32());
  const results = step(body, { carry: named(carryNames, carry), x: named(xNames, rows), t });
  const yNames = keysOf(results.y);
  const bodyOutputs: Record<string, Value> = {};
  for (const key of carryNames) bodyOutputs[`${key}'`] = results.carry[key];
  for (const key of yNames) bodyOutputs[key] = results.y[key];
  const region = body.build(bodyOutputs);
  const consts = body.captured();

  const values = g.node({
    op: scanOp,
    inputs: [
      ...consts,
      ...carryNames.map((key) => init[key]),
      ...xNames.map((key) => xs[key]),
      ...(lengths === undefined ? [] : [lengths]),
    ],
    attrs: {
      consts: consts.length,
      carries: carryNames.length,
      length,
      reverse,
      lengths: outputs ?? "none",
      checkpoint: checkpoint === "none" ? 0 : checkpoint === "sqrt" ? ceilSqrtDim(length) : checkpoint,
      truncate: truncate === undefined ? [] : [truncate.k1, truncate.k2],
    },
    regions: [region],
    names: [...carryNames.map((key) => `${key}_final`), ...yNames.map((key) => `${key}_steps`)],
  });
  return {
    final: named(carryNames, values.slice(0, carryNames.length)),
    y: named(yNames, values.slice(carryNames.length)),
  };
}

/** Appends a call of `graph`: its outputs, by name, for inputs by parameter name. */
export function call(g: GraphBuilder, graph: Graph, inputs: Values): Values {
  const values = g.node({
    op: callOp,
    inputs: graph.params.map(
      (param) =>
        inputs[param.name] ??
        refuse(graph.name, `the parameter ${param.name} has an input`, "give one value for every parameter"),
    ),
    regions: [graph],
    names: graph.outputs.map((output) => output.name),
  });
  return named(
    graph.outputs.map((output) => output.name),
    values,
  );
}
