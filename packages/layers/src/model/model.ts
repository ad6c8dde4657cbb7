/** A model: a config that fits a task, with its weights as data and its graphs on demand. */
import type { Graph, TensorType } from "@latchgrad/core";
import { checkCellDocuments } from "../cells/registry.js";
import type { ModelConfig } from "../config/schema.js";
import { parameterCount, type ParamSpec } from "../params.js";
import { assemble, type LayerSummary, type Mode } from "./assemble.js";
import { checkSignature, type Signature } from "./signature.js";
import { wireLayers } from "./wiring.js";

export interface Model {
  readonly config: ModelConfig;
  readonly signature: Signature;
  /** The weights, in the order of the layers. */
  readonly params: readonly ParamSpec[];
  /** In the order in which they are computed. */
  readonly layers: readonly LayerSummary[];
  /**
   * The graph in one of its modes. Its parameters are the weights, the inputs and (but for "predict") the targets, all
   * by name; in "train", when something in the model is random, also `key`, u32[2], and `step`, i32. Its outputs are `prediction`,
   * the further outputs of the config and (but for "predict") `loss` and each metric by its type.
   */
  graph(mode: Mode): Graph;
}

/** The model that a config describes, for the inputs and targets of a task. Throws ConfigError or ShapeError where they do not fit. */
export function buildModel(config: ModelConfig, signature: Signature): Model {
  checkSignature(signature);
  checkCellDocuments(config.cells);
  const wiring = wireLayers(config, signature);
  const { params, layers } = assemble(config, signature, wiring, "train", []);
  return {
    config,
    signature,
    params,
    layers,
    graph: (mode) => assemble(config, signature, wiring, mode, params).graph,
  };
}

/** A model in figures, as plain data for people and programs. */
export interface ModelDescription {
  readonly name: string;
  readonly dtype: string;
  readonly inputs: Readonly<Record<string, TensorType>>;
  readonly targets: Readonly<Record<string, TensorType>>;
  readonly layers: readonly LayerSummary[];
  readonly weights: readonly ParamSpec[];
  readonly loss: string;
  readonly metrics: readonly string[];
  /** How many numbers all weights hold together. */
  readonly parameters: number;
}

/** The layers with their output types, the weights and their number. */
export const describeModel = ({ config, signature, params, layers }: Model): ModelDescription => ({
  name: config.name,
  dtype: config.dtype,
  inputs: signature.inputs,
  targets: signature.targets,
  layers,
  weights: params,
  loss: config.loss.type,
  metrics: config.metrics.map((metric) => metric.type),
  parameters: parameterCount(params),
});
