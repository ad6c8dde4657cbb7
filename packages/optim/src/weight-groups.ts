/** Groups of weights that the optimizer treats differently: a learning rate or a weight decay of their own, by patterns of names. */
import { suggestName, type Issue } from "@latchgrad/core";
import { configIssue } from "@latchgrad/layers";
import * as z from "zod";
import type { OptimizerConfig } from "./optimizers/registry.js";
import { learningRateSchema } from "./schedules/registry.js";

const patternSchema = z
  .string()
  .max(300)
  .regex(
    /^[A-Za-z0-9_*]+(\.[A-Za-z0-9_*]+)*$/,
    "a pattern of weight names: names with dots between them, where * stands for any part of a name and ** for any names",
  );

export const weightGroupSchema = z
  .strictObject({
    weights: z.union([patternSchema, z.array(patternSchema).min(1).max(100)]).meta({
      description:
        'Which weights: a pattern, or several. * stands for any part of a name, ** for any number of names: "memory.*", "encoder.**", "**.b*".',
      examples: ["**.b*", ["encoder.**", "letters.table"]],
    }),
    learningRate: learningRateSchema.optional(),
    weightDecay: z
      .number()
      .nonnegative()
      .optional()
      .meta({ description: "In place of the optimizer's; only for optimizers that have it.", examples: [0] }),
  })
  .refine(({ learningRate, weightDecay }) => learningRate !== undefined || weightDecay !== undefined, {
    error: "a group sets learningRate, weightDecay or both",
  });
export type WeightGroup = z.output<typeof weightGroupSchema>;

/** Whether a text is an instance of a pattern in which * stands for any characters. Takes time in proportion to both lengths. */
function matchesName(text: string, pattern: string): boolean {
  let at = 0;
  let part = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (part < pattern.length && pattern[part] === "*") {
      star = part++;
      resume = at;
    } else if (part < pattern.length && pattern[part] === text[at]) {
      part++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more.
      part = star + 1;
      at = ++resume;
    } else return false;
  }
  return [...pattern.slice(part)].every((sign) => sign === "*");
}

/** Whether a weight's name is an instance of a pattern: * stands for a part of one name, ** for any number of names. */
export function matchesPattern(weight: string, pattern: string): boolean {
  const names = weight.split(".");
  // reached[i]: the pattern so far can stand for the first i names.
  let reached = names.map(() => false);
  reached.unshift(true);
  for (const part of pattern.split("."))
    reached = reached.map((_, i) =>
      part === "**"
        ? reached.slice(0, i + 1).includes(true)
        : i > 0 && reached[i - 1] && matchesName(names[i - 1], part),
    );
  return reached[names.length];
}

const patternsOf = ({ weights }: WeightGroup): readonly string[] => [weights].flat();

/** The optimizer's options for one weight: those of all groups that it is in, where a later group replaces what an earlier one says. */
export function optionsFor(config: OptimizerConfig, groups: readonly WeightGroup[], weight: string): OptimizerConfig {
  let options = config;
  for (const group of groups) {
    if (!patternsOf(group).some((pattern) => matchesPattern(weight, pattern))) continue;
    const { learningRate, weightDecay } = group;
    options = {
      ...options,
      ...(learningRate === undefined ? {} : { learningRate }),
      ...(weightDecay === undefined ? {} : { weightDecay }),
    };
  }
  return options;
}

/** Patterns that no weight has, and settings that the optimizer does not have. `trained` are the names of all weights that are trained. */
export function weightGroupIssues(
  config: OptimizerConfig,
  groups: readonly WeightGroup[],
  trained: readonly string[],
): readonly Issue[] {
  return groups.flatMap((group, i) => {
    const pointer = `/training/groups/${i}`;
    const unmatched = patternsOf(group).flatMap((pattern, k) =>
      trained.some((weight) => matchesPattern(weight, pattern))
        ? []
        : [
            configIssue("unmatched-pattern", `${pointer}/weights${typeof group.weights === "string" ? "" : `/${k}`}`, {
              problem: `no weight that is trained has a name like "${pattern}"`,
              hint: suggestName(pattern, trained),
            }),
          ],
    );
    if (group.weightDecay === undefined || "weightDecay" in config) return unmatched;
    return [
      ...unmatched,
      configIssue("no-weight-decay", `${pointer}/weightDecay`, {
        problem: `the optimizer ${config.type} has weight decay`,
        hint: "adamW and sgd have it",
      }),
    ];
  });
}
