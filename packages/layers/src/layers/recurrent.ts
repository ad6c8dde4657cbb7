/** The recurrent layer: any cell, over time, in one or both directions, stacked. */
import { formatType, joinPointer, type Value } from "@latchgrad/core";
import * as z from "zod";
import type { Cell, Named } from "../cells/cell.js";
import { cellSchema, makeCell } from "../cells/registry.js";
import { nameSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import { dropElements, rateSchema } from "./dropout.js";
import { checkFloats, defineLayer, knownSize, layerSchema, type LayerScope } from "./layer.js";
import { runSequence, runToLast, type CellRunResult } from "./recurrent-run.js";
import { finalStates, initialStateReferences, initialStates, initialStateSchema } from "./recurrent-states.js";

/** Input that tells the length of each sequence, where the task has it. */
const LENGTHS_INPUT = "lengths";

const stepsSchema = z.int().min(1).max(1_000_000_000);

const schema = layerSchema("recurrent", {
  cell: cellSchema,
  output: z
    .enum(["last", "sequence"])
    .default("sequence")
    .describe(
      "Whether the layer gives the output of the last valid step, [B, units], or of every step, [B, T, units].",
    ),
  direction: z
    .enum(["forward", "reverse", "bidirectional"])
    .default("forward")
    .describe(
      "The order of the steps. Reverse starts at the last valid step of each sequence; outputs stay at their step.",
    ),
  merge: z
    .enum(["concat", "sum"])
    .default("concat")
    .describe("How a bidirectional layer joins the two outputs: side by side, forward first, or added."),
  layers: z.int().min(1).max(1000).default(1).describe("How many such layers are stacked, each reading the one below."),
  dropout: rateSchema.default(0).describe("Dropout on what each stacked layer but the first reads, while training."),
  initialState: initialStateSchema.default("zeros"),
  lengths: z
    .union([nameSchema, z.literal(false)])
    .optional()
    .describe(
      'Name of the input with the length of each sequence, i32[B]; steps past it do not count. By default "lengths", ' +
        "when there is such an input; false reads all steps.",
    ),
  padding: z
    .enum(["zero", "hold"])
    .default("zero")
    .describe("The output at steps past the length: zero, or that of the step before in reading order."),
  checkpoint: z
    .union([z.enum(["none", "sqrt"]), stepsSchema])
    .default("none")
    .describe(
      "What training keeps of every step: all it needs; the states of about sqrt(T) steps, computing the rest again; or those of every N-th step.",
    ),
  truncate: z
    .strictObject({
      k1: stepsSchema.describe("Every so many steps gradients set out backwards."),
      k2: stepsSchema.describe("How many steps back they reach."),
    })
    .optional()
    .describe("Truncated backpropagation through time (Williams, Peng 1990). Absent: gradients reach all steps."),
});

type RecurrentConfig = z.output<typeof schema>;

/** One of the runs that a layer of the stack consists of. */
interface Direction {
  /** In weight names; empty where there is only one. */
  readonly path: string;
  readonly reverse: boolean;
}

const DIRECTIONS: Readonly<Record<RecurrentConfig["direction"], readonly Direction[]>> = {
  forward: [{ path: "", reverse: false }],
  reverse: [{ path: "", reverse: true }],
  bidirectional: [
    { path: "forward.", reverse: false },
    { path: "reverse.", reverse: true },
  ],
};

/**
 * Input [B, T, ...]; output [B, T, units], or [B, units] for "last". Weights are named "memory.Wf"; where there are
 * several of a kind, "memory.layer2.Wf", "memory.reverse.Wf" or "memory.layer2.reverse.Wf".
 * The final states are further outputs: "memory.h".
 */
export const recurrent = defineLayer({
  type: "recurrent",
  summary: "Runs a cell over time.",
  schema,
  depth: ({ layers }) => layers,
  references: ({ initialState, lengths }) => [
    ...initialStateReferences(initialState),
    ...(typeof lengths === "string" ? [{ path: ["lengths"], reference: lengths }] : []),
  ],
  outputs: ({ cell }) => makeCell(cell).states.map((state) => state.name),
  build(scope, config, [input]) {
    const { g } = scope;
    const cell = makeCell(config.cell);
    const cellPointer = joinPointer(scope.pointer, "cell");
    checkSequence(scope, cell, input);
    const [batch] = input.type.dims;
    const directions = DIRECTIONS[config.direction];
    const runs = config.layers * directions.length;
    const initialOf = initialStates(scope, cell, config.initialState, batch, runs);
    const lengths = lengthsOf(scope, config, input);
    const finals: Named<Value>[] = [];

    let x = swapTimeAndBatch(scope, input);
    for (let layer = 0; layer < config.layers; layer++) {
      const isTop = layer === config.layers - 1;
      const layerPath = config.layers === 1 ? "" : `layer${layer + 1}.`;
      const below = layer === 0 ? x : dropElements(scope, `${layerPath}mask`, x, config.dropout);
      const results = directions.map(({ path, reverse }): CellRunResult => {
        const run = {
          cell,
          origin: cellPointer,
          weights: weightsOf(scope, cell, below, layerPath + path),
          x: below,
          initial: initialOf(finals.length, layerPath + path),
          reverse,
          lengths,
          padding: config.padding,
          checkpoint: config.checkpoint,
          truncate: config.truncate,
        };
        const result = g.at(cellPointer, () =>
          isTop && config.output === "last" ? runToLast(g, run) : runSequence(g, run),
        );
        finals.push(result.final);
        return result;
      });
      x = mergeOutputs(scope, config.merge, results);
    }
    return {
      output: config.output === "last" ? x : swapTimeAndBatch(scope, x),
      more: finalStates(g, cell, finals),
    };
  },
});

function checkSequence(scope: LayerScope, cell: Cell, input: Value): void {
  const form = cell.inputRank === 1 ? "[B, T, features]" : `[B, T, and ${cell.inputRank} axes more]`;
  const tooFlat = "let the recurrent layer before it give its sequence, not its last output";
  checkFloats(scope, input, 2 + cell.inputRank, form, input.type.dims.length === 2 ? tooFlat : undefined);
  if (input.type.dims.length === 2 + cell.inputRank) return;
  refuse("input-type", scope.pointer, {
    problem: `the layer "${scope.name}" reads sequences ${form}`,
    received: formatType(input.type),
  });
}

/** The lengths that the config means, if any. */
function lengthsOf(scope: LayerScope, { lengths }: RecurrentConfig, input: Value): Value | undefined {
  if (lengths === false) return undefined;
  const value = scope.find(lengths ?? LENGTHS_INPUT);
  if (value === undefined) return undefined;
  const expected = formatType({ dtype: "i32", dims: [input.type.dims[0]] });
  if (formatType(value.type) === expected) return value;
  return refuse("lengths-type", lengths === undefined ? scope.pointer : joinPointer(scope.pointer, "lengths"), {
    problem: "lengths have one whole number per sequence",
    expected,
    received: formatType(value.type),
  });
}

/** [B, T, ...] ↔ [T, B, ...]: batches come from outside first, the loop runs over the first axis. */
const swapTimeAndBatch = ({ g }: LayerScope, x: Value): Value =>
  g.transpose(x, { order: [1, 0, ...x.type.dims.slice(2).map((_, i) => i + 2)] });

/** The weights of one run over x [T, B, ...]. */
function weightsOf(scope: LayerScope, cell: Cell, x: Value, path: string): Named<Value> {
  const inputDims = x.type.dims.slice(2).map((_, i) => knownSize(scope, x, i + 2));
  return Object.fromEntries(
    cell.weights(inputDims).map(({ name, dims, initializer }) => [name, scope.weight(path + name, dims, initializer)]),
  );
}

/** The outputs of all directions as one. */
function mergeOutputs({ g }: LayerScope, merge: RecurrentConfig["merge"], results: readonly CellRunResult[]): Value {
  const outputs = results.map((result) => result.output);
  if (outputs.length === 1) return outputs[0];
  return merge === "sum"
    ? outputs.reduce((sum, output) => g.add(sum, output))
    : g.concat(outputs, { axis: outputs[0].type.dims.length - 1 });
}
