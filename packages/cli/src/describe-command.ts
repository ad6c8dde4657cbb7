/** `latchgrad describe`: a model's layers and parameters, and its graph. */
import { printGraph } from "@latchgrad/core";
import { experimentStep, type Experiment } from "@latchgrad/optim";
import { describeExperiment, describeGraph } from "./describe-experiment.js";
import { readExperimentFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import type { Screen } from "./screen.js";

/** Which graph to print: the whole training step, what the model computes from its inputs, or none. */
export const GRAPH_CHOICES = ["step", "forward", "none"] as const;
export type GraphChoice = (typeof GRAPH_CHOICES)[number];

export interface DescribeCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  readonly graph: GraphChoice;
  readonly screen: Screen;
}

/** Describes the model in a file; returns the exit code. Throws LatchgradError. */
export async function describeCommand({ file, graph, screen }: DescribeCommand): Promise<number> {
  const experiment = await readExperimentFile(file);
  screen.write(describeExperiment(experiment) + graphPart(experiment, graph));
  return EXIT.success;
}

function graphPart(experiment: Experiment, choice: GraphChoice): string {
  if (choice === "none") return "";
  const isStep = choice === "step";
  const graph = isStep ? experimentStep(experiment).graph : experiment.model.graph("predict");
  const title = isStep
    ? "The training step: forward, backward, clipping and update as one graph"
    : "The model as a graph, from its inputs to its prediction";
  return `\n${title}, ${describeGraph(graph)}\n\n${printGraph(graph)}`;
}
