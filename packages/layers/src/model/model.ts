/** A model: a config that fits a task, with its weights as data and its graphs on demand. */
import { formatType, type Graph, type Issue, type TensorType } from "@latchgrad/core";
import { checkCellDocuments } from "../cells/registry.js";
import { configIssue, refuse, throwIssues } from "../config/refuse.js";
import type { ModelConfig } from "../config/schema.js";
import { parameterCount, type ParamSpec } from "../params.js";
import { assemble, type LayerSummary, type Mode } from "./assemble.js";
import type { CarrySpec } from "./carries.js";
import type { PlacedObjective } from "./results.js";
import { checkSignature, type Signature } from "./signature.js";
import { wireLayers, type Wiring } from "./wiring.js";

export interface Model {
  readonly config: ModelConfig;
  readonly signature: Signature;
  /** The weights, in the order of the layers. */
  readonly params: readonly ParamSpec[];
  /** In the order in which they are computed. */
  readonly layers: readonly LayerSummary[];
  /** The losses and metrics. The only loss is called "loss"; several have names of their own, and "loss" is their sum. */
  readonly objectives: readonly PlacedObjective[];
  /**
   * The graph in one of its modes. Its parameters are the weights, the inputs and the targets (for "predict" only those that a
   * layer reads), all by name; in "train", when something in the model is random, also `key`, u32[2], and `step`, i32. Its outputs
   * are `prediction`, the further outputs of the config and (but for "predict") `loss` and each loss and metric by its name.
   */
  graph(mode: Mode): Graph;
  /**
   * The graph for sequences that come in parts, one step each or many: what layers carry from step to step is state, handed from one
   * part to the next. A further parameter is `begins`, bool[B]: the examples of which a sequence begins with this part. The results are those
   * of the whole sequences, also in their last bit. Throws ConfigError where a layer needs whole sequences, or the model reads none.
   */
  graphOfParts(mode: Mode): GraphOfParts;
}

/** A graph whose state is what parts of sequences hand over. */
export interface GraphOfParts {
  readonly graph: Graph;
  /** Its state, with the batch as first axis; whatever stands there before a sequence begins counts for nothing. */
  readonly carries: readonly CarrySpec[];
}

/** The model that a config describes, for the inputs and targets of a task. Throws ConfigError or ShapeError where they do not fit. */
export function buildModel(config: ModelConfig, signature: Signature): Model {
  checkSignature(signature);
  checkCellDocuments(config.cells);
  const wiring = wireLayers(config, signature);
  const { params, layers } = assemble(config, signature, wiring, "train", []);
  throwIssues(untrainedIssues(params, wiring));
  return {
    config,
    signature,
    params,
    layers,
    objectives: wiring.objectives.map(({ objective }) => objective),
    graph: (mode) => assemble(config, signature, wiring, mode, params).graph,
    graphOfParts(mode) {
      checkSequence(signature, wiring.mainInput);
      const { graph, carries } = assemble(config, signature, wiring, mode, params, true);
      return { graph, carries };
    },
  };
}

/** Layers whose weights are to be trained, and that no loss depends on: they would stay as they are. */
function untrainedIssues(params: readonly ParamSpec[], { layers, judged }: Wiring): readonly Issue[] {
  const trained = new Set(layers.filter(({ name }) => judged.has(name)).map(({ weights }) => weights));
  const tied = new Set(
    layers
      .filter(({ name }) => judged.has(name))
      .flatMap(({ ties }) => [...ties.values()])
      .map(({ weight }) => weight),
  );
  return layers.flatMap(({ name, weights, pointer }) => {
    const own = params.filter((param) => param.trainable && param.name.startsWith(`${weights}.`));
    if (judged.has(name) || trained.has(weights) || own.every((param) => tied.has(param.name))) return [];
    return [
      configIssue("no-loss", pointer, {
        problem: `a loss depends on the layer "${name}", whose weights are to be trained`,
        hint: 'give "loss" an element for it, with "prediction" and "target", or set "trainable": false',
      }),
    ];
  });
}

/** Only a sequence whose length is open can come in parts. */
function checkSequence({ inputs }: Signature, mainInput: string): void {
  const { dims } = inputs[mainInput];
  if (dims.length >= 2 && typeof dims[1] === "string") return;
  refuse("no-sequence", "/task", {
    problem: "what comes in parts is a sequence [B, T, ...] of any length",
    received: `${mainInput} ${formatType(inputs[mainInput])}`,
  });
}

/** A model in figures, as plain data for people and programs. */
export interface ModelDescription {
  readonly name: string;
  readonly dtype: string;
  readonly inputs: Readonly<Record<string, TensorType>>;
  readonly targets: Readonly<Record<string, TensorType>>;
  readonly layers: readonly LayerSummary[];
  readonly weights: readonly ParamSpec[];
  /** The types of the losses, with their weights. */
  readonly loss: string;
  readonly metrics: readonly string[];
  /** How many numbers all weights hold together. */
  readonly parameters: number;
}

/** The layers with their output types, the weights and their number. */
export const describeModel = ({ config, signature, params, layers, objectives }: Model): ModelDescription => ({
  name: config.name,
  dtype: config.dtype,
  inputs: signature.inputs,
  targets: signature.targets,
  layers,
  weights: params,
  loss: objectives
    .filter(({ kind }) => kind === "loss")
    .map(({ weight, config: { type } }) => (weight === 1 ? type : `${weight} ${type}`))
    .join(" + "),
  metrics: objectives.filter(({ kind }) => kind === "metric").map(({ name }) => name),
  parameters: parameterCount(params),
});
