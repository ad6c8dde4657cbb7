/** An experiment whose model has been trained, or imported: its document and its weights. */
import type { TensorData } from "@latchgrad/core";
import { readJsonBytes, readWeights, type ModelFolder } from "@latchgrad/layers";
import { readFitted, type Fitted } from "./data/fitted.js";
import { readExperiment, type Experiment } from "./experiment.js";

export interface ReadyExperiment {
  readonly experiment: Experiment;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** What was fitted to its training data; absent where its task has none, or the folder is from another program. */
  readonly fitted?: Fitted | undefined;
}

/** The files of a model, and what was fitted to its training data: `data.json`. */
export interface ExperimentFolder extends ModelFolder {
  readonly fitted?: Uint8Array | undefined;
}

/**
 * The experiment in the files of a model folder, and the weights of its model. Throws ConfigError or ShapeError where the
 * document is wrong, and CheckpointError where the weights cannot be read or are those of another model.
 */
export function readExperimentFolder({ config, weights, fitted }: ExperimentFolder): ReadyExperiment {
  const experiment = readExperiment(readJsonBytes(config));
  return {
    experiment,
    weights: readWeights(weights, experiment.model),
    ...(fitted === undefined ? {} : { fitted: readFitted(fitted) }),
  };
}
