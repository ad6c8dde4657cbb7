/** An experiment in words and figures: what a person wants to know before it is trained. */
import { formatType } from "@latchgrad/core";
import { describeModel } from "@latchgrad/layers";
import { tasks, type Experiment } from "@latchgrad/optim";
import { formatCount, formatPlural, formatSettings, formatTable } from "./format.js";

/** Two lines above a run: what is learned, and how. */
export function experimentHeading({ config, model }: Experiment): string {
  const { task, training } = config;
  const { parameters } = describeModel(model);
  const { optimizer, batch, steps, seed } = training;
  return [
    `${config.name}: ${tasks[task.type].summary} (${formatSettings(task)})`,
    `${formatPlural(parameters, "parameter")}, ${optimizer.type}, up to ${formatPlural(steps, "step")} of ${formatPlural(batch, "example")}, seed ${seed}`,
  ].join("\n");
}

/** The whole description: task, training, layers with types and parameter counts. */
export function describeExperiment({ config, model }: Experiment): string {
  const { task, training } = config;
  const description = describeModel(model);
  const typesOf = (types: typeof description.inputs): string =>
    Object.entries(types)
      .map(([name, type]) => `${name} ${formatType(type)}`)
      .join(", ");
  const { optimizer, clip, batch, steps, seed } = training;
  const facts = formatTable([
    ["task", formatSettings(task)],
    ["", tasks[task.type].summary],
    ["inputs", typesOf(description.inputs)],
    ["targets", typesOf(description.targets)],
    ["loss", description.loss],
    ...(description.metrics.length === 0 ? [] : [["metrics", description.metrics.join(", ")]]),
    ["optimizer", formatSettings(optimizer)],
    ...(clip === undefined ? [] : [["clip", formatSettings(clip)]]),
    ["training", `${formatPlural(steps, "step")} of ${formatPlural(batch, "example")}, seed ${seed}`],
  ]);
  const layers = formatTable(
    [
      ["layer", "type", "reads", "output", "parameters"],
      ...description.layers.map(({ name, type, inputs, output, parameters }) => [
        name,
        type,
        inputs.join(", "),
        formatType(output),
        formatCount(parameters),
      ]),
      ["all", "", "", "", formatCount(description.parameters)],
    ],
    [4],
  );
  return `${config.name}\n\n${facts}\n${layers}`;
}
