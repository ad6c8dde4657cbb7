/** What a model computes for others: its prediction and further outputs, the loss and the metrics. */
import {
  formatType,
  joinPointer,
  sameDims,
  suggestName,
  type GraphBuilder,
  type Issue,
  type Value,
} from "@latchgrad/core";
import { configIssue, refuse } from "../config/refuse.js";
import type { ModelConfig } from "../config/schema.js";
import { maskedMean } from "../objectives/objective.js";
import { objectiveDefinitionOf, type ObjectiveConfig } from "../objectives/registry.js";
import type { Signature } from "./signature.js";

/** Result that training makes small. */
export const LOSS = "loss";
/** Target that weights positions, where the task has it. */
const MASK_TARGET = "mask";

export interface PlacedObjective {
  /** Name of the result. */
  readonly name: string;
  readonly pointer: string;
  readonly config: ObjectiveConfig;
}

/** The loss and the metrics of a model; a metric is called by its type. */
export const objectivesOf = (config: ModelConfig): readonly PlacedObjective[] => [
  { name: LOSS, pointer: "/loss", config: config.loss },
  ...config.metrics.map((metric, i) => ({
    name: metric.type,
    pointer: joinPointer("", "metrics", i),
    config: metric,
  })),
];

/** Targets that do not exist, and results with one name. */
export function resultIssues(config: ModelConfig, { targets }: Signature): readonly Issue[] {
  const known = Object.keys(targets);
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const { name, pointer, config: objective } of objectivesOf(config)) {
    const named = [
      ["target", objective.target],
      ["mask", objective.mask],
    ] as const;
    for (const [key, target] of named)
      if (typeof target === "string" && !known.includes(target))
        issues.push(
          configIssue("unknown-name", joinPointer(pointer, key), {
            problem: `the task has no target "${target}"`,
            hint: known.length === 0 ? undefined : suggestName(target, known),
          }),
        );
    if (seen.has(name)) issues.push(sameName(pointer, name));
    seen.add(name);
  }
  for (const name of Object.keys(config.outputs))
    if (seen.has(name)) issues.push(sameName(joinPointer("", "outputs", name), name));
  return issues;
}

const sameName = (pointer: string, name: string): Issue =>
  configIssue("duplicate-name", pointer, { problem: `only one result of the model is called "${name}"` });

/** Builds a loss or metric: the scalar that compares a prediction with the targets. Throws ConfigError where their types do not fit. */
export function buildObjective(
  g: GraphBuilder,
  { name, pointer, config }: PlacedObjective,
  prediction: Value,
  targets: ReadonlyMap<string, Value>,
): Value {
  const definition = objectiveDefinitionOf(config);
  const target = targets.get(config.target);
  if (target === undefined)
    throw new TypeError(`internal: the target ${config.target} was not checked; please report this`);
  if (!definition.accepts(prediction.type, target.type))
    refuse("target-type", pointer, {
      problem: `${config.type} needs ${definition.needs}`,
      received: `prediction ${formatType(prediction.type)}, target ${config.target} ${formatType(target.type)}`,
      hint:
        prediction.type.dims.length > target.type.dims.length
          ? 'the "output" of the last recurrent layer says whether there is one prediction per step or per sequence'
          : undefined,
    });
  return g.at(pointer, () => {
    const each = definition.each(g, prediction, target, { config, pointer });
    const mean = maskedMean(g, each, maskFor({ name, pointer, config }, each, targets));
    return g.named(name, definition.finish?.(g, mean) ?? mean);
  });
}

/** The mask of an objective, if it has one. */
function maskFor(
  { pointer, config }: PlacedObjective,
  each: Value,
  targets: ReadonlyMap<string, Value>,
): Value | undefined {
  if (config.mask === false) return undefined;
  const mask = targets.get(config.mask ?? MASK_TARGET);
  if (mask === undefined || sameDims(mask.type.dims, each.type.dims.slice(0, mask.type.dims.length))) return mask;
  return refuse("mask-type", pointer, {
    problem: "a mask has the first dims of what it weights",
    expected: each.type.dims.map((_, i) => `[${each.type.dims.slice(0, i + 1).join(",")}]`).join(" or "),
    received: formatType(mask.type),
    hint: '"mask": false counts all positions',
  });
}
