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

/** Result of a model that others ask for by this name. */
export const PREDICTION = "prediction";
/** Result that training makes small. */
export const LOSS = "loss";
/** Target that weights positions, where the task has it. */
const MASK_TARGET = "mask";

export interface PlacedObjective {
  /** Name of the result. */
  readonly name: string;
  readonly kind: "loss" | "metric";
  readonly pointer: string;
  readonly config: ObjectiveConfig;
  /** Factor in the sum of all losses. */
  readonly weight: number;
}

/**
 * The losses and the metrics of a model. Each is called by its name, or its type; the only loss is called "loss", as is
 * the sum of several.
 */
export function objectivesOf({ loss, metrics }: ModelConfig): readonly PlacedObjective[] {
  const isOne = !Array.isArray(loss);
  const losses = [loss].flat().map((config, i): PlacedObjective => ({
    name: isOne || loss.length === 1 ? LOSS : (config.name ?? config.type),
    kind: "loss",
    pointer: isOne ? "/loss" : joinPointer("", "loss", i),
    config,
    weight: config.weight,
  }));
  const watched = metrics.map((config, i): PlacedObjective => ({
    name: config.name ?? config.type,
    kind: "metric",
    pointer: joinPointer("", "metrics", i),
    config,
    weight: 0,
  }));
  return [...losses, ...watched];
}

/** Targets that do not exist, and results with one name. */
export function resultIssues(config: ModelConfig, { targets }: Signature): readonly Issue[] {
  const known = Object.keys(targets);
  const seen = new Set<string>([PREDICTION]);
  const issues: Issue[] = [];
  const objectives = objectivesOf(config);
  // The sum of several losses.
  if (objectives.filter(({ kind }) => kind === "loss").length > 1) seen.add(LOSS);
  for (const { name, pointer, config: objective } of objectives) {
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
    if (seen.has(name))
      issues.push(sameName(objective.name === undefined ? pointer : joinPointer(pointer, "name"), name, GIVE_NAME));
    seen.add(name);
  }
  seen.delete(PREDICTION);
  for (const name of Object.keys(config.outputs))
    if (seen.has(name)) issues.push(sameName(joinPointer("", "outputs", name), name, undefined));
  return issues;
}

const GIVE_NAME = 'give it another "name"';
const sameName = (pointer: string, name: string, hint: string | undefined): Issue =>
  configIssue("duplicate-name", pointer, { problem: `only one result of the model is called "${name}"`, hint });

/** The sum that training makes small, from the values of the losses. */
export function sumOfLosses(
  g: GraphBuilder,
  losses: readonly { readonly weight: number; readonly value: Value }[],
): Value {
  const terms = losses.map(({ weight, value }) => (weight === 1 ? value : g.mul(value, weight)));
  return terms.reduce((sum, term) => g.add(sum, term));
}

/** Builds a loss or metric: the scalar that compares a prediction with the targets. Throws ConfigError where their types do not fit. */
export function buildObjective(
  g: GraphBuilder,
  objective: PlacedObjective,
  prediction: Value,
  targets: ReadonlyMap<string, Value>,
): Value {
  const { name, pointer, config } = objective;
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
    const mean = maskedMean(g, each, maskFor(objective, each, targets));
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
