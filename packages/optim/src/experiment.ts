/**
 * An experiment: a model, the task it learns and how it is trained, in one
 * document. The schema here is the source of its type, its validation and its
 * published JSON Schema.
 */
import { ConfigError, suggestName, type Issue } from "@latchgrad/core";
import { buildModel, configIssue, jsonSchemaOf, modelFields, readModelWith, type Model } from "@latchgrad/layers";
import * as z from "zod";
import { averageSchema } from "./averaging.js";
import { clipSchema } from "./clipping.js";
import { loopNames } from "./diagnostics/loops.js";
import { diagnoseIssues, diagnoseSchema } from "./diagnostics/options.js";
import { optimizerOf, optimizers, optimizerSchema } from "./optimizers/registry.js";
import { schedules } from "./schedules/registry.js";
import { isStream, signatureOf, taskSchema, tasks, type TaskConfig } from "./tasks/registry.js";
import { metricNames, STEP_RESULTS, trainingStep, type StepGraph } from "./training-step.js";
import { weightGroupIssues, weightGroupSchema } from "./weight-groups.js";

/** Batches of an evaluation when the config does not say. */
const EVALUATION_BATCHES = 10;

const countField = z.int().min(1).max(1_000_000_000);

/** Checkpoints that are kept when the config does not say. */
const KEPT_CHECKPOINTS = 3;
/** One that turns out to be damaged needs another one to fall back to. */
const FEWEST_CHECKPOINTS = 2;

const watchedField = z.string().default("loss");

const trainingSchema = z
  .strictObject({
    optimizer: optimizerSchema.meta({
      description: "How weights follow the gradient.",
      examples: [{ type: "adam", learningRate: 0.01 }],
    }),
    groups: z
      .array(weightGroupSchema)
      .max(100)
      .optional()
      .meta({
        description:
          "Weights with a learning rate or a weight decay of their own. A weight may be in several groups; what a later one says counts.",
        examples: [[{ weights: "**.b*", weightDecay: 0 }]],
      }),
    clip: clipSchema.optional(),
    batch: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({
        description: "Examples per step, or per part of a step where accumulate is given.",
        examples: [32],
      }),
    accumulate: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1)
      .describe("Batches per step. The update follows the mean of their gradients, and memory is that of one batch."),
    skipNonFinite: z
      .strictObject({
        atMost: countField.meta({
          description: "The run stops when more batches than this were left out.",
          examples: [10],
        }),
      })
      .optional()
      .meta({
        description:
          "Leaves out and counts batches whose loss or gradient is not finite; the state stays as it was. Absent: the first one stops the run.",
        examples: [{ atMost: 10 }],
      }),
    average: averageSchema.optional(),
    steps: countField.meta({ description: "Steps of the whole run.", examples: [1500] }),
    seed: z.union([z.string().max(1000), z.int()]).meta({
      description: "Everything random comes from it: the same document gives the same bits.",
      examples: ["latch", 42],
    }),
    evaluate: z
      .strictObject({
        every: countField.meta({ description: "Steps between two evaluations.", examples: [100] }),
        batches: countField.default(EVALUATION_BATCHES).describe("Batches that an evaluation averages over, at most."),
      })
      .optional()
      .meta({
        description: "When to look at the validation part. Absent: only the test part, at the end.",
        examples: [{ every: 100 }],
      }),
    stopWhen: z
      .strictObject({
        metric: watchedField.describe('What an evaluation must reach: "loss" or the name of a metric.'),
        below: z
          .number()
          .optional()
          .meta({ description: "Stop as soon as it is below this.", examples: [0.01] }),
        above: z
          .number()
          .optional()
          .meta({ description: "Stop as soon as it is above this.", examples: [0.99] }),
      })
      .refine(({ below, above }) => (below === undefined) !== (above === undefined), {
        error: "stopWhen has either below or above",
      })
      .optional()
      .meta({ description: "Ends the run early, at an evaluation. Needs evaluate.", examples: [{ below: 0.01 }] }),
    best: z
      .strictObject({
        metric: watchedField.describe('What evaluations are compared by: "loss" or the name of a metric.'),
        patience: countField.optional().meta({
          description: "Early stopping: ends the run after so many evaluations in a row that were not better.",
          examples: [10],
        }),
        margin: z.number().nonnegative().default(0).describe("By how much an evaluation must be better to count."),
      })
      .optional()
      .meta({
        description: "The run gives the model that was best at an evaluation instead of the last one. Needs evaluate.",
        examples: [{ patience: 10 }],
      }),
    checkpoints: z
      .strictObject({
        every: countField.optional().meta({
          description: "Steps between two checkpoints. Absent: one each minute.",
          examples: [500],
        }),
        keep: z
          .int()
          .min(FEWEST_CHECKPOINTS)
          .max(1000)
          .default(KEPT_CHECKPOINTS)
          .describe("How many checkpoints are kept, the latest ones."),
      })
      .prefault({})
      .describe("When a run that keeps checkpoints saves its state."),
    diagnose: diagnoseSchema.optional(),
  })
  .meta({
    description: "How the model is trained.",
    examples: [{ optimizer: { type: "adam", learningRate: 0.01 }, batch: 32, steps: 1500, seed: "latch" }],
  });

export const experimentSchema = z
  .strictObject({ ...modelFields, task: taskSchema, training: trainingSchema })
  .describe("A Latchgrad experiment: a model, the task that it learns, and how it is trained.");

/** An experiment as a person writes it, with what has a default left out. */
export type ExperimentDocument = z.input<typeof experimentSchema>;
export type ExperimentConfig = z.output<typeof experimentSchema>;
export type TrainingConfig = ExperimentConfig["training"];

/** An experiment that was read: checked, with defaults filled in, its model built for its task. */
export interface Experiment {
  readonly config: ExperimentConfig;
  readonly model: Model;
}

/** Its training step; where its task gives streams, what layers carry goes from batch to batch. Throws ConfigError where a layer needs whole sequences. */
export const experimentStep = ({ config, model }: Experiment): StepGraph =>
  trainingStep(model, { ...config.training, streams: isStream(config.task) ? config.training.batch : undefined });

/** The experiment in a JSON value. Throws ConfigError with every problem, each with its JSON pointer. */
export function readExperiment(document: unknown): Experiment {
  const config = readModelWith(experimentSchema, document);
  const { task, training, ...modelConfig } = config;
  optimizerOf(training.optimizer).check?.(training.optimizer);
  const model = buildModel(modelConfig, signatureOf(task, config.dtype));
  const issues = [
    ...watchIssues(training, ["loss", ...metricNames(model)]),
    ...trainedIssues(model),
    ...weightGroupIssues(training.optimizer, training.groups ?? [], trainedWeights(model)),
    ...reservedIssues(model),
    ...lookIssues(training, model, task),
    ...streamIssues(training, task),
  ];
  if (issues.length > 0) throw new ConfigError(issues);
  // Refuses layers that cannot work on parts.
  if (isStream(task)) model.graphOfParts("train");
  return { config, model };
}

/** A batch that does not count would leave a hole in the streams, and its state may not be finite either. */
const streamIssues = ({ skipNonFinite }: TrainingConfig, task: TaskConfig): readonly Issue[] =>
  isStream(task) && skipNonFinite !== undefined
    ? [
        configIssue("stream", "/training/skipNonFinite", {
          problem: "no batch of a stream is left out",
          hint: 'leave out skipNonFinite, or the "order" of the task',
        }),
      ]
    : [];

const trainedWeights = ({ params }: Model): readonly string[] =>
  params.filter(({ trainable }) => trainable).map(({ name }) => name);

/** Diagnoses of what is not there. */
const lookIssues = ({ diagnose }: TrainingConfig, model: Model, { type }: TaskConfig): readonly Issue[] =>
  diagnose === undefined
    ? []
    : diagnoseIssues(diagnose, loopNames(model.graph("eval")), { type, hasLength: "atLength" in tasks[type] });

/** A model whose layers are all frozen. */
const trainedIssues = (model: Model): readonly Issue[] =>
  model.params.length === 0 || trainedWeights(model).length > 0
    ? []
    : [
        configIssue("nothing-trained", "/layers", {
          problem: "training changes at least one weight",
          hint: 'leave out "trainable": false somewhere',
        }),
      ];

/** Losses and metrics that are called as something that every step tells. */
const reservedIssues = ({ objectives }: Model): readonly Issue[] =>
  objectives
    .filter(({ name }) => STEP_RESULTS.includes(name))
    .map(({ name, pointer }) =>
      configIssue("duplicate-name", `${pointer}/name`, {
        problem: `only one result of a training step is called "${name}"`,
        hint: 'give it another "name"',
      }),
    );

/** Options that look at evaluations: they need some, and what they look at must be there. */
function watchIssues(training: TrainingConfig, known: readonly string[]): readonly Issue[] {
  const issues: Issue[] = [];
  for (const key of ["stopWhen", "best"] as const) {
    const option = training[key];
    if (option === undefined) continue;
    if (training.evaluate === undefined)
      issues.push({
        code: "config.stop-without-evaluation",
        problem: `${key} needs evaluations to look at`,
        at: { kind: "config", pointer: `/training/${key}` },
        expected: "evaluate beside it",
        hint: 'for example "evaluate": {"every": 100}',
      });
    if (!known.includes(option.metric))
      issues.push({
        code: "config.unknown-name",
        problem: `the model computes no "${option.metric}"`,
        at: { kind: "config", pointer: `/training/${key}/metric` },
        hint: suggestName(option.metric, known),
      });
  }
  return issues;
}

/** Batches of an evaluation, at most. */
export const evaluationBatches = ({ evaluate }: TrainingConfig): number => evaluate?.batches ?? EVALUATION_BATCHES;

/** The JSON Schema of an experiment document; published as schema/experiment-1.json. */
export const experimentJsonSchema = (): object =>
  jsonSchemaOf(experimentSchema, [...Object.values(tasks), ...Object.values(optimizers), ...Object.values(schedules)]);
