/** One cell run over time in one direction: the only place where layers meet `scan`. Everything here is time-major. */
import { scan, subtractDims, uniform, type Dims, type GraphBuilder, type Origin, type Value } from "@latchgrad/core";
import type { CellStep, Named } from "../cells/cell.js";

export interface CellRun {
  /** Of the loop's body: the layer's name and the run's path, as its weights are named. */
  readonly name: string;
  readonly step: CellStep;
  /** Of the nodes in the loop's body; they belong to the cell. */
  readonly origin: Origin;
  /** By the cell's names, each [T, B, ...]; at least one. */
  readonly inputs: Named<Value>;
  /** The key of the random numbers of its steps; asked for while training, by cells that use it. */
  randomKey(): Value;
  /** Each [B, ...]. */
  readonly initial: Named<Value>;
  /** The steps that each sequence has had before, i32[B]; undefined: none. */
  readonly stepsBefore: Value | undefined;
  readonly reverse: boolean;
  /** i32[B]; absent: every example has T steps. */
  readonly lengths: Value | undefined;
  readonly padding: "zero" | "hold";
  readonly checkpoint: "none" | "sqrt" | number;
  readonly truncate: { readonly k1: number; readonly k2: number } | undefined;
}

export interface CellRunResult {
  /** The output of every step, [T, B, ...], or of the last valid step of each example, [B, ...]. */
  readonly output: Value;
  /** The states after the last valid step, each [B, ...]. */
  readonly final: Named<Value>;
}

/** Name of the stacked outputs of the loop. */
const OUTPUT = "output";

/** Runs the cell and gives the output of every step. */
export function runSequence(g: GraphBuilder, run: CellRun): CellRunResult {
  const { final, y } = scanCell(g, run, run.padding, () => true);
  return { output: y[OUTPUT], final };
}

/**
 * Runs the cell and gives the output of the last step that counts: for a reverse run step 0, else the last valid one.
 * Where the output is a state, as in most cells, the loop does not store its outputs at all.
 */
export function runToLast(g: GraphBuilder, run: CellRun): CellRunResult {
  let stateShown: string | undefined;
  const { final, y } = scanCell(g, run, "hold", (name) => {
    stateShown = name;
    return name === undefined;
  });
  if (stateShown !== undefined) return { output: final[stateShown], final };
  // Held outputs end with the last valid one, whichever way the steps are visited.
  const steps = Object.values(run.inputs)[0].type.dims[0];
  return { output: takeStep(g, y[OUTPUT], run.reverse ? 0 : subtractDims(steps, 1)), final };
}

function scanCell(
  g: GraphBuilder,
  {
    name: bodyName,
    step,
    origin,
    inputs,
    randomKey,
    initial,
    stepsBefore,
    reverse,
    lengths,
    checkpoint,
    truncate,
  }: CellRun,
  padding: "zero" | "hold",
  /** Asked once, with the name of the state that is the output, if one is: whether the outputs are wanted. */
  wantsOutputs: (stateShown: string | undefined) => boolean,
): { readonly final: Named<Value>; readonly y: Named<Value> } {
  return scan<string, string, string>(
    g,
    {
      name: bodyName,
      init: initial,
      xs: inputs,
      reverse,
      checkpoint,
      ...(lengths === undefined ? {} : { lengths, outputs: padding }),
      ...(truncate === undefined ? {} : { truncate }),
    },
    (body, { carry, x, t }) => {
      const random = (stream: string, dims: Dims): Value => uniform(body, randomKey(), t, { stream, dims });
      const { state, output } = body.at(origin, () => {
        const index = stepsBefore === undefined ? t : body.add(stepsBefore, t);
        return step({ g: body, inputs: x, state: carry, t: index, uniform: random });
      });
      const stateShown = Object.keys(state).find((name) => state[name] === output);
      const y: Named<Value> = wantsOutputs(stateShown) ? { [OUTPUT]: output } : {};
      return { carry: state, y };
    },
  );
}

/** Index `step` of the first axis, without that axis. */
export function takeStep(g: GraphBuilder, x: Value, step: number | string): Value {
  const [, ...rest] = x.type.dims;
  const slice = g.slice(x, {
    start: [step, ...rest.map(() => 0)],
    limit: [typeof step === "number" ? step + 1 : x.type.dims[0], ...rest],
    step: x.type.dims.map(() => 1),
  });
  return g.reshape(slice, { dims: rest });
}
