/** What a config says about diagnostics: which, how often, and of what. */
import { suggestName, type Issue } from "@latchgrad/core";
import { configIssue } from "@latchgrad/layers";
import * as z from "zod";

/** Kinds of diagnostics that a config can ask for. */
export const DIAGNOSTICS = ["gradientFlow", "values", "gates", "memory", "updates"] as const;
export type Diagnostic = (typeof DIAGNOSTICS)[number];

const BATCH = 16;

export const diagnoseSchema = z
  .strictObject({
    every: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .meta({
        description: "Steps between two diagnoses. There is also one of the initial weights, and one at the end.",
        examples: [100],
      }),
    kinds: z
      .array(z.enum(DIAGNOSTICS))
      .min(1)
      .max(DIAGNOSTICS.length)
      .default([...DIAGNOSTICS])
      .describe(
        "What is recorded. gradientFlow: norms of the gradient of states, step by step back in time. values: named values of the cell over time, " +
          "of single examples. gates: how far open and how saturated gates are, and how long states are kept. memory: errors by how far " +
          "back the input lies that an answer needs. updates: norms of weights, gradients and updates.",
      ),
    layers: z
      .array(z.string().max(1000))
      .min(1)
      .max(100)
      .optional()
      .meta({
        description:
          "Recurrent layers that are looked at, as their weights are named. Absent: all. The weights of updates are those of all layers.",
        examples: [["memory"], ["encoder.layer2.reverse"]],
      }),
    batch: z
      .int()
      .min(1)
      .max(100_000)
      .default(BATCH)
      .describe("Examples of the batch that is looked at: the first ones of the validation part."),
    examples: z
      .array(z.int().min(0).max(99_999))
      .max(16)
      .default([0])
      .describe("Which of them values are recorded of, counted from 0."),
    lengths: z
      .array(z.int().min(1).max(100_000))
      .min(1)
      .max(20)
      .optional()
      .meta({
        description:
          "Lengths at which memory is measured too, in place of the task's own: the length of adding and temporalOrder, the delay of copyMemory.",
        examples: [[50, 100, 200]],
      }),
  })
  .meta({
    description:
      "Records what the network does, into diagnostics.jsonl. Nothing in the training depends on it. Absent: nothing is recorded.",
    examples: [{ every: 100 }],
  });
export type DiagnoseConfig = z.output<typeof diagnoseSchema>;

const POINTER = "/training/diagnose";

/** What does not fit the model or the task. */
export function diagnoseIssues(
  options: DiagnoseConfig,
  layers: readonly string[],
  { type, hasLength }: { readonly type: string; readonly hasLength: boolean },
): readonly Issue[] {
  const unknown = (options.layers ?? []).flatMap((name, i): readonly Issue[] =>
    layers.includes(name)
      ? []
      : [
          configIssue("unknown-name", `${POINTER}/layers/${i}`, {
            problem: `the model has no recurrent layer "${name}"`,
            hint: layers.length === 0 ? undefined : suggestName(name, layers),
          }),
        ],
  );
  const outside = options.examples.flatMap((example, i): readonly Issue[] =>
    example < options.batch
      ? []
      : [
          configIssue("example-outside", `${POINTER}/examples/${i}`, {
            problem: "an example of the values is in the batch that is looked at",
            expected: `0 to ${options.batch - 1}`,
            received: String(example),
            hint: 'a greater "batch"',
          }),
        ],
  );
  const lengths: readonly Issue[] =
    options.lengths === undefined || hasLength
      ? []
      : [
          configIssue("no-length", `${POINTER}/lengths`, {
            problem: `the task "${type}" can be made at other lengths`,
            hint: "leave out lengths",
          }),
        ];
  return [...unknown, ...outside, ...lengths];
}
