/** The public surface of @latchgrad/optim: re-exports only. */
export { averageSchema, type AverageConfig } from "./averaging.js";
export { CHECKPOINT_FORMAT, decodeCheckpoint, encodeCheckpoint, type Checkpoint } from "./checkpoints/checkpoint.js";
export { loadCheckpoint, saveCheckpoint, type Loaded, type SaveOptions } from "./checkpoints/keep.js";
export { checkResume } from "./checkpoints/resume.js";
export { checkedFiles, namedSums, SUMS_FILE, sumsText, withSums } from "./checkpoints/sums.js";
export { memoryStore, type CheckpointFiles, type CheckpointStore } from "./checkpoints/store.js";
export { clipGradients, clipSchema, globalNorm, type ClipConfig, type Gradients } from "./clipping.js";
export {
  diagnosticRecordSchema,
  QUANTILES,
  readDiagnostics,
  type Advice,
  type DiagnosticRecord,
  type DiagnosticRecordOf,
  type ExampleRecord,
  type GatesRecord,
  type GradientFlowRecord,
  type GradientVerdict,
  type MemoryRecord,
  type ReadDiagnostics,
  type RetentionRecord,
  type UpdatesRecord,
  type ValueRange,
  type ValuesRecord,
} from "./diagnostics/records.js";
export { DIAGNOSTICS, diagnoseSchema, type DiagnoseConfig, type Diagnostic } from "./diagnostics/options.js";
export { adviceInWords, verdictInWords } from "./diagnostics/words.js";
export type { DataCoder, Decoded, InputSequence, ReadLine } from "./data/coder.js";
export { SPLITS, type Baseline, type Batch, type Split } from "./data/batch.js";
export type { DataContext } from "./data/context.js";
export { blobBytes, chunksOf, textBytes, type FileBytes, type OpenFile } from "./data/file-bytes.js";
export {
  fittedText,
  FITTED_FILE,
  fittedSchema,
  readFitted,
  type Fitted,
  type FittedColumn,
  type FittedNumbers,
  type FittedSymbols,
} from "./data/fitted.js";
export { DataError } from "./data/problems.js";
export type { DecodedSymbol, ReadPiece, SymbolName, TextCoder, TextSequence } from "./data/text/text-coder.js";
export type { TextUnit, WriteSymbol } from "./data/text/units.js";
export type { Value } from "./data/read-values.js";
export type { TaskData } from "./data/task-data.js";
export type {
  CheckpointEvent,
  DiagnosisEvent,
  DoneEvent,
  Evaluation,
  EvaluationEvent,
  Metrics,
  StepEvent,
  TrainingEvent,
} from "./events.js";
export {
  checkExperiment,
  type CheckOptions,
  type CheckpointSaving,
  type ExperimentCheck,
  type SaturatedValue,
  type StoppedGradient,
  type WeightCheck,
  type WeightGradient,
} from "./check/check-experiment.js";
export { evaluateModel, type EvaluateOptions } from "./evaluation.js";
export { TrainingError } from "./failure.js";
export { readExperimentFolder, type ExperimentFolder, type ReadyExperiment } from "./experiment-folder.js";
export {
  experimentStep,
  experimentJsonSchema,
  experimentSchema,
  readExperiment,
  type Experiment,
  type ExperimentConfig,
  type ExperimentDocument,
  type TrainingConfig,
} from "./experiment.js";
export { generateText, type GenerationOptions } from "./generation.js";
export type { AdamSlot } from "./optimizers/adam.js";
export {
  applyOptimizer,
  optimizerGraph,
  optimizerState,
  type OptimizerInputs,
  type OptimizerOutputs,
  type StateTensor,
} from "./optimizers/apply.js";
export type { Optimizer, Updated, UpdateRule } from "./optimizers/optimizer.js";
export { optimizers, optimizerSchema, type OptimizerConfig } from "./optimizers/registry.js";
export {
  isSequence,
  LENGTHS_INPUT,
  openPredictor,
  openStream,
  type ModelStream,
  type PredictionOptions,
  type Predictor,
  type Served,
} from "./prediction.js";
export { profileTraining, type ProfilingOptions } from "./profiling.js";
export type { Best, Ending, RunState } from "./run-state.js";
export { learningRateAt, learningRateSchema, schedules, type LearningRateConfig } from "./schedules/registry.js";
export type { Schedule } from "./schedules/schedule.js";
export { canonicalJson, findTrial, planSweep, trialId, type Setting, type Trial } from "./sweep/plan.js";
export { distributions, distributionSchema, type Distribution } from "./sweep/distributions.js";
export { setValue } from "./sweep/set-value.js";
export { readSweep, sweepJsonSchema, sweepSchema, type SweepConfig, type SweepDocument } from "./sweep/sweep-schema.js";
export {
  coderOf,
  openTask,
  signatureOf,
  tasks,
  taskSchema,
  textCoderOf,
  withFiles,
  type TaskConfig,
} from "./tasks/registry.js";
export type { ReadFile, Task, TaskDefinition } from "./tasks/task.js";
export { train, type TrainOptions } from "./trainer.js";
export { betterOf } from "./watch.js";
export { metricNames, trainingStep, type StepGraph, type StepOptions } from "./training-step.js";
export { matchesPattern, weightGroupSchema, type WeightGroup } from "./weight-groups.js";
