/** An experiment whose model has been trained, or imported: its document and its weights. */
import type { TensorData } from "@latchgrad/core";
import { readJsonBytes, readWeights, type ModelFolder } from "@latchgrad/layers";
import { readExperiment, type Experiment } from "./experiment.js";

export interface ReadyExperiment {
  readonly experiment: Experiment;
  readonly weights: Readonly<Record<string, TensorData>>;
}

/**
 * The experiment in the files of a model folder, and the weights of its model. Throws ConfigError or ShapeError where the
 * document is wrong, and CheckpointError where the weights cannot be read or are those of another model.
 */
export function readExperimentFolder({ config, weights }: ModelFolder): ReadyExperiment {
  const experiment = readExperiment(readJsonBytes(config));
  return { experiment, weights: readWeights(weights, experiment.model) };
}
