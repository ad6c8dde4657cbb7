/**
 * What diagnostics record: one plain JSON object per finding. A run writes them into `diagnostics.jsonl`, one a line, in the
 * order of steps. The schemas here are the source of the types and of the reading.
 *
 * Common to all: `step` counts the updates that made the weights, 0 being the initial ones. `layer` names one run of a cell
 * over time as its weights are named: "memory", or "memory.layer2.reverse". Everything is measured on one batch of the
 * validation part that stays the same for the whole run, without dropout. Numbers have 5 significant digits; null stands where a
 * number would not be finite. Lists over time are in the order of the data, also where a layer reads in reverse.
 */
import * as z from "zod";

const number = z.number();
const finiteOrNull = z.number().nullable();
const count = z.int().nonnegative();
const step = count.describe("Updates that made the weights.");
const layer = z.string().describe("The run of a cell over time, as its weights are named.");

/** The range that all values lie in by how they are computed: sigmoid gives "unit", (0, 1), tanh gives "signed", (-1, 1). */
const range = z.enum(["unit", "signed", "any"]);

/** What to do about gradients that vanish or explode; see `adviceInWords`. */
const advice = z.enum(["clip", "lowerLearningRate", "forgetBias", "orthogonalStart", "gatedCell"]);

const verdict = z
  .strictObject({
    kind: z
      .enum(["vanishing", "exploding", "steady", "none"])
      .describe("What the gradient does on its way back; none where there are too few steps, or no gradient, to say."),
    perStep: finiteOrNull.describe(
      "The factor per step back in time: (norm at the far end / norm at the near end)^(1/steps).",
    ),
    steps: count.describe("Steps back that it is taken over."),
    ratio: finiteOrNull.describe("The norm at the far end, divided by that at the near end: perStep^steps."),
    advice: z.array(advice).describe("What usually helps, the most likely first; empty when steady."),
  })
  .describe("Of the layer as a whole, all of its states together.");

const gradientFlow = z
  .strictObject({
    kind: z.literal("gradientFlow"),
    step,
    layer,
    state: z.string().describe("Name of the state: h, c."),
    reverse: z
      .boolean()
      .describe("Whether the layer reads from the last step to the first; the way back then goes to higher t."),
    norms: z
      .array(finiteOrNull)
      .describe(
        "[T]: the 2-norm over units of dL/dstate_t of the whole loss, times the batch size (so that L is the loss of one example), averaged over the examples that have step t.",
      ),
    fromEnd: z
      .array(finiteOrNull)
      .optional()
      .describe(
        "[T]: the same, of only that part of the loss that depends on the layer's output at its last step; what vanishes shows here, where steps in between have losses of their own. Absent where it is the same as norms.",
      ),
    verdict,
  })
  .describe("How far the gradient of the loss reaches back in time.");

const example = z
  .strictObject({
    kind: z.literal("example"),
    step,
    example: count.describe("Its place in the diagnostic batch."),
    steps: count.describe("How many steps it has; what lies beyond is left out."),
    every: z
      .int()
      .min(1)
      .describe("Row k of a list over time is that of step k * every; above 1 only in very long examples."),
    inputs: z
      .record(z.string(), z.array(z.array(number)))
      .describe(
        "By name, [time][features]; a number per step is a list of one. Inputs with too many features are left out.",
      ),
    targets: z
      .record(z.string(), z.array(z.array(number)))
      .describe("By name, [time][features]; one row where it has no time axis."),
  })
  .describe("What an example of the values is; written once, at the first diagnosis.");

const values = z
  .strictObject({
    kind: z.literal("values"),
    step,
    layer,
    name: z
      .string()
      .describe('A named value of the cell\'s step: "forget", "candidate"; a state is the one after the step: "c".'),
    role: z.enum(["state", "inner"]).describe("A state of the cell, or another value of its step."),
    range,
    example: count.describe("Its place in the diagnostic batch."),
    every: z.int().min(1).describe("Row k is that of step k * every."),
    units: count.describe("How many units there are; values has the first of them where they are very many."),
    values: z.array(z.array(finiteOrNull)).describe("[time][unit]."),
  })
  .describe("The values of one example over time, for a heat map.");

const gates = z
  .strictObject({
    kind: z.literal("gates"),
    step,
    layer,
    name: z.string().describe("A named value of the cell's step that lies in (0, 1) or (-1, 1) by how it is computed."),
    range,
    mean: finiteOrNull.describe("Over units, steps and examples."),
    low: finiteOrNull.describe("Share of values below 0.1 (unit) or below -0.9 (signed)."),
    high: finiteOrNull.describe("Share of values above 0.9."),
    units: z
      .array(z.strictObject({ mean: finiteOrNull, low: finiteOrNull, high: finiteOrNull }))
      .describe("The same for each unit, over steps and examples."),
  })
  .describe("How far open gates are, and how many values have saturated, where derivatives are small.");

const retention = z
  .strictObject({
    kind: z.literal("retention"),
    step,
    layer,
    state: z
      .string()
      .describe("The state that is multiplied element by element in every step: state' = factor * state + ..."),
    factor: z
      .string()
      .optional()
      .describe(
        'What it is multiplied with: the name of the value, such as "forget"; absent where that has no name of its own.',
      ),
    mean: finiteOrNull.describe("Of the factor, over units, steps and examples."),
    halfLife: finiteOrNull.describe(
      "ln 0.5 / ln(mean), in steps: how long until half of a state is left; null where the mean is no number in (0, 1).",
    ),
    units: z
      .array(z.strictObject({ mean: finiteOrNull, halfLife: finiteOrNull }))
      .describe("The same for each unit, with the mean over steps and examples."),
  })
  .describe("How long the units of a state keep what they hold.");

const memory = z
  .strictObject({
    kind: z.literal("memory"),
    step,
    metric: z.string().describe('"loss" or the name of a metric.'),
    better: z.enum(["lower", "higher"]),
    over: z
      .enum(["distance", "length"])
      .describe(
        "distance: how many steps back the farthest input lies that an answer needs. length: the task's own length option.",
      ),
    bins: z.array(
      z.strictObject({
        from: count.describe("Least distance or length in the bin."),
        to: count.describe("Greatest one, included."),
        answers: count.describe("Targets that the value is of."),
        value: finiteOrNull,
        chance: finiteOrNull.optional().describe("The task's baseline for it, where there is one."),
      }),
    ),
  })
  .describe("How right the answers are, by how far back the input lies that they need; validation data.");

/** The shares of elements that lie below the quantiles of an updates record. */
export const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;

const updates = z
  .strictObject({
    kind: z.literal("updates"),
    step,
    weight: z.string(),
    elements: count,
    weightNorm: finiteOrNull.describe(
      "2-norm of the weight before the update of this step; at step 0 of the initial weight.",
    ),
    gradientNorm: finiteOrNull.describe(
      "2-norm of the gradient of the loss on the diagnostic batch, at the weights of this step, before clipping.",
    ),
    updateNorm: finiteOrNull.optional().describe("2-norm of what this step's update added; absent at step 0."),
    ratio: finiteOrNull.optional().describe("updateNorm / weightNorm; absent at step 0."),
    quantiles: z
      .array(finiteOrNull)
      .describe(
        `Of the weight's elements after the update, at the shares ${QUANTILES.join(", ")}; between two elements interpolated.`,
      ),
  })
  .describe("How large a weight is, and how much of it an update changes.");

export const diagnosticRecordSchema = z.discriminatedUnion("kind", [
  gradientFlow,
  example,
  values,
  gates,
  retention,
  memory,
  updates,
]);
export type DiagnosticRecord = z.output<typeof diagnosticRecordSchema>;

/** The record of one kind. */
export type DiagnosticRecordOf<Kind extends DiagnosticRecord["kind"]> = Extract<
  DiagnosticRecord,
  { readonly kind: Kind }
>;
export type GradientFlowRecord = DiagnosticRecordOf<"gradientFlow">;
export type GradientVerdict = GradientFlowRecord["verdict"];
export type Advice = GradientVerdict["advice"][number];
export type ExampleRecord = DiagnosticRecordOf<"example">;
export type ValuesRecord = DiagnosticRecordOf<"values">;
export type ValueRange = ValuesRecord["range"];
export type GatesRecord = DiagnosticRecordOf<"gates">;
export type RetentionRecord = DiagnosticRecordOf<"retention">;
export type MemoryRecord = DiagnosticRecordOf<"memory">;
export type UpdatesRecord = DiagnosticRecordOf<"updates">;

/** The diagnostics of a file of lines. */
export interface ReadDiagnostics {
  readonly records: readonly DiagnosticRecord[];
  /** Lines, counted from 1, that are no records: cut off when a run was stopped, or not written by one. */
  readonly unread: readonly number[];
}

/** The records in the text of a `diagnostics.jsonl`. Lines that are none do not keep the others from being read. */
export function readDiagnostics(text: string): ReadDiagnostics {
  const records: DiagnosticRecord[] = [];
  const unread: number[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const result = diagnosticRecordSchema.safeParse(valueOf(line));
    if (result.success) records.push(result.data);
    else unread.push(i + 1);
  });
  return { records, unread };
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
