/** The recurrent layer: any cell, over time, in one or both directions, stacked. */
import { formatType, isFloat, joinPointer, suggestName, type Value } from "@latchgrad/core";
import * as z from "zod";
import type { Cell, CellShapes, CellStep, InputSpec, Named } from "../cells/cell.js";
import { cellSchema, makeCell } from "../cells/registry.js";
import { nameSchema, referenceSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import { dropElements, rateSchema } from "./dropout.js";
import { checkFloats, defineLayer, knownSize, layerSchema, weightFields, type LayerScope } from "./layer.js";
import { lengthsField, lengthsOf, lengthsReferences } from "./lengths.js";
import { runSequence, runToLast, type CellRunResult } from "./recurrent-run.js";
import { finalStates, initialStateReferences, initialStates, initialStateSchema } from "./recurrent-states.js";

const stepsSchema = z.int().min(1).max(1_000_000_000);

const schema = layerSchema("recurrent", {
  cell: cellSchema,
  context: z
    .record(nameSchema, referenceSchema)
    .default({})
    .describe(
      'For a cell that declares context: the input or layer that gives each, such as {"memory": "encoder"}; [B, ...], for all steps.',
    ),
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
  lengths: lengthsField("the input"),
  padding: z
    .enum(["zero", "hold"])
    .default("zero")
    .describe("The output at steps past the length: zero, or that of the step before in reading order."),
  checkpoint: z
    .union([z.enum(["none", "sqrt"]), stepsSchema])
    .default("none")
    .describe(
      'Saves memory where sequences are long: the steps run in chunks of at most so many ("sqrt": about sqrt(T)). Training keeps the states at the start of each chunk and computes the rest again, which takes about a quarter more time; gradients agree with those of "none" to rounding.',
    ),
  truncate: z
    .strictObject({
      k1: stepsSchema.meta({ description: "Every so many steps gradients set out backwards.", examples: [10] }),
      k2: stepsSchema.meta({ description: "How many steps back they reach.", examples: [20] }),
    })
    .optional()
    .meta({
      description: "Truncated backpropagation through time (Williams, Peng 1990). Absent: gradients reach all steps.",
      examples: [{ k1: 10, k2: 20 }],
    }),
  ...weightFields,
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
  arity: { least: 1, most: 100 },
  references: ({ initialState, lengths, context }) => [
    ...Object.entries(context).map(([name, reference]) => ({ path: ["context", name], reference })),
    ...initialStateReferences(initialState),
    ...lengthsReferences(lengths),
  ],
  outputs: ({ cell }, { cells, pointer }) => makeCell(cell, cells, joinPointer(pointer, "cell")).stateNames,
  build(scope, config, inputs) {
    const { g } = scope;
    const cellPointer = joinPointer(scope.pointer, "cell");
    const cell = makeCell(config.cell, scope.cells, cellPointer);
    checkInputs(scope, cell, inputs);
    const context = contextOf(scope, cell, config.context);
    checkWhole(scope, config);
    const [first, ...others] = inputs;
    const [batch] = first.type.dims;
    const directions = DIRECTIONS[config.direction];
    const runs = config.layers * directions.length;
    const initialOf = initialStates(scope, cell, config.initialState, batch, runs);
    const lengths = lengthsOf(scope, config.lengths, first);
    const finals: Named<Value>[] = [];

    let x = swapTimeAndBatch(scope, first);
    const besides = others.map((input) => swapTimeAndBatch(scope, input));
    for (let layer = 0; layer < config.layers; layer++) {
      const isTop = layer === config.layers - 1;
      const layerPath = config.layers === 1 ? "" : `layer${layer + 1}.`;
      const below = layer === 0 ? x : dropElements(scope, `${layerPath}mask`, x, config.dropout);
      // Stacked layers read the output of the one below, and the other inputs as the first does.
      const read = Object.fromEntries([below, ...besides].map((value, i) => [cell.inputs[i].name, value]));
      const shapes = shapesOf(scope, read, context);
      const results = directions.map(({ path, reverse }): CellRunResult => {
        const runPath = layerPath + path;
        const initial = initialOf(finals.length, runPath, cell.states(shapes));
        const carries = mapValues(initial, (value, name) => scope.carry(runPath + name, value));
        const run = {
          name: `${scope.name}.${runPath}`.replace(/\.$/, ""),
          step: startRun(scope, cell, shapes, { inputs: read, context }, runPath),
          origin: cellPointer,
          inputs: read,
          randomKey: () => scope.randomKey(`${runPath}steps`),
          initial: mapValues(carries, ({ begin }) => begin),
          stepsBefore: scope.stepsBefore,
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
        for (const [name, { end }] of Object.entries(carries)) end(result.final[name]);
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

/** Notes what cannot be computed from one part of a sequence after the other. */
function checkWhole(scope: LayerScope, { direction, initialState, context }: RecurrentConfig): void {
  if (direction !== "forward") scope.needsWhole(`"direction": "${direction}"`);
  // What another layer gives it, such as the end of an encoder, is known only after that layer has read everything.
  if (typeof initialState !== "string") scope.needsWhole("an initial state that another layer gives");
  if (Object.keys(context).length > 0) scope.needsWhole("a context that another layer gives");
}

/** Checks that there is a sequence for each input of the cell. */
function checkInputs(scope: LayerScope, cell: Cell, inputs: readonly Value[]): void {
  if (inputs.length !== cell.inputs.length)
    refuse("input-count", joinPointer(scope.pointer, "inputs"), {
      problem: "the layer reads one sequence for each input of its cell",
      expected: cell.inputs.map((input) => input.name).join(", "),
      received: String(inputs.length),
      hint: 'name them with "inputs", in the order of the cell\'s',
    });
  inputs.forEach((input, i) => {
    checkSequence(scope, cell.inputs[i], input);
    if (input.type.dims[1] !== inputs[0].type.dims[1])
      refuse("input-type", scope.pointer, {
        problem: `the inputs of the layer "${scope.name}" have equally many steps`,
        received: inputs.map(({ type }) => formatType(type)).join(", "),
      });
  });
}

function checkSequence(scope: LayerScope, { rank }: InputSpec, input: Value): void {
  const form = rank === 1 ? "[B, T, features]" : rank === 0 ? "[B, T]" : `[B, T, and ${rank} axes more]`;
  const tooFlat = "let the recurrent layer before it give its sequence, not its last output";
  checkFloats(scope, input, 2 + rank, form, input.type.dims.length === 2 && rank > 0 ? tooFlat : undefined);
  if (input.type.dims.length === 2 + rank) return;
  refuse("input-type", scope.pointer, {
    problem: `the layer "${scope.name}" reads sequences ${form}`,
    received: formatType(input.type),
  });
}

/** What the config gives for each context of the cell, [B, ...]. */
function contextOf(scope: LayerScope, cell: Cell, given: RecurrentConfig["context"]): Named<Value> {
  const at = joinPointer(scope.pointer, "context");
  const known = cell.context.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    refuse("unknown-name", joinPointer(at, unknown), {
      problem: `the cell has no context "${unknown}"`,
      hint: known.length === 0 ? undefined : suggestName(unknown, known),
    });
  return Object.fromEntries(
    cell.context.map(({ name, rank }) => {
      const value = Object.hasOwn(given, name) ? scope.find(given[name]) : undefined;
      if (value === undefined)
        return refuse("missing", at, {
          problem: `the context "${name}" of the cell is given`,
          hint: `"context": {"${name}": "the name of an input or a layer"}`,
        });
      if (value.type.dims.length !== rank + 1 || !isFloat(value.type.dtype))
        refuse("input-type", joinPointer(at, name), {
          problem: `the context "${name}" has numbers with the batch and ${rank} axes more`,
          received: formatType(value.type),
        });
      return [name, value] as const;
    }),
  );
}

/** What the cell sees of inputs [T, B, ...] and context [B, ...]. */
const shapesOf = (scope: LayerScope, inputs: Named<Value>, context: Named<Value>): CellShapes => ({
  inputs: mapValues(inputs, (value) => value.type.dims.slice(2).map((_, i) => knownSize(scope, value, i + 2))),
  context: mapValues(context, (value) => value.type.dims.slice(1)),
});

/** The weights of one run, and what the cell computes before its first step. */
function startRun(
  scope: LayerScope,
  cell: Cell,
  shapes: CellShapes,
  { inputs, context }: { readonly inputs: Named<Value>; readonly context: Named<Value> },
  path: string,
): CellStep {
  const weights = cell
    .weights(shapes)
    .map(
      ({ name, dims, initializer, trainable }) =>
        [name, scope.weight(path + name, dims, initializer, trainable)] as const,
    );
  const [[, first]] = Object.entries(inputs);
  return cell.start({
    g: scope.g,
    dtype: scope.dtype,
    batch: first.type.dims[1],
    shapes,
    weights: Object.fromEntries(weights),
    context,
    training: scope.training,
    uniform: (stream, dims) => scope.uniform(path + stream, dims),
  });
}

const mapValues = <T, R>(record: Named<T>, map: (value: T, name: string) => R): Named<R> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

/** [B, T, ...] ↔ [T, B, ...]: batches come from outside first, the loop runs over the first axis. */
const swapTimeAndBatch = ({ g }: LayerScope, x: Value): Value =>
  g.transpose(x, { order: [1, 0, ...x.type.dims.slice(2).map((_, i) => i + 2)] });

/** The outputs of all directions as one. */
function mergeOutputs({ g }: LayerScope, merge: RecurrentConfig["merge"], results: readonly CellRunResult[]): Value {
  const outputs = results.map((result) => result.output);
  if (outputs.length === 1) return outputs[0];
  return merge === "sum"
    ? outputs.reduce((sum, output) => g.add(sum, output))
    : g.concat(outputs, { axis: outputs[0].type.dims.length - 1 });
}
