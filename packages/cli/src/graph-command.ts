/** `latchgrad graph`: a model as a graph, at any stage, in the form that is asked for. */
import { allPasses, gradient, graphToJson, printEquations, printGraph, runPasses, type Graph } from "@latchgrad/core";
import { experimentStep, type Experiment } from "@latchgrad/optim";
import { readExperimentFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import { attempt, RULES, writeToDisk } from "./files.js";
import { dotOf } from "./graph-dot.js";
import { svgOf } from "./graph-svg.js";
import type { Screen } from "./screen.js";

/** How a graph is written; one line per form. */
const FORMS = {
  text: printGraph,
  equations: printEquations,
  json: (graph: Graph) => `${JSON.stringify(graphToJson(graph), null, 2)}\n`,
  dot: dotOf,
  svg: svgOf,
} as const satisfies Readonly<Record<string, (graph: Graph) => string | Promise<string>>>;
export type GraphForm = keyof typeof FORMS;
export const GRAPH_FORMS: readonly GraphForm[] = ["text", "equations", "json", "dot", "svg"];

export interface GraphCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  readonly format: GraphForm;
  /** The loss with its gradient, in place of what predicts. */
  readonly gradient?: boolean | undefined;
  /** The whole training step: forward, backward, clipping and update. */
  readonly step?: boolean | undefined;
  /** After the passes that every executor runs. */
  readonly passes?: boolean | undefined;
  /** Where it is written; undefined: on the screen. */
  readonly out?: string | undefined;
  readonly screen: Pick<Screen, "write">;
}

/** Writes the graph; returns the exit code. Throws LatchgradError. */
export async function graphCommand(command: GraphCommand): Promise<number> {
  const { file, format, passes = false, out, screen } = command;
  const graph = stageOf(await readExperimentFile(file), command);
  const text = await FORMS[format](passes ? runPasses(graph, allPasses) : graph);
  if (out === undefined) screen.write(text);
  else await attempt(RULES.write, out, () => writeToDisk(out, text));
  return EXIT.success;
}

function stageOf(experiment: Experiment, { step = false, gradient: backward = false }: GraphCommand): Graph {
  const { model } = experiment;
  if (step) return experimentStep(experiment).graph;
  if (!backward) return model.graph("predict");
  const wrt = model.params.filter(({ trainable }) => trainable).map(({ name }) => name);
  return gradient(model.graph("train"), { of: "loss", wrt });
}
