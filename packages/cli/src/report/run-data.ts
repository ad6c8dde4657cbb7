/** What is in the folder of a run, as data: what a report draws. */
import type { Session } from "../environment.js";
import type { Baseline, DiagnosticRecord, Experiment } from "@latchgrad/optim";

/** The steps of a run as columns, all of the same length; NaN where a value was not finite or is missing. */
export interface StepColumns {
  readonly step: readonly number[];
  readonly loss: readonly number[];
  readonly learningRate: readonly number[];
  readonly gradientNorm: readonly number[];
  /** By the name of the metric. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** Batches that were left out, in all steps together. */
  readonly skipped: number;
}

export interface EvaluationRow {
  readonly split: string;
  readonly step: number;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline?: Pick<Baseline, "metric" | "value" | "says"> | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly reason: string;
  readonly step: number;
  readonly best?: { readonly step: number; readonly value: number } | undefined;
  /** On the test part. */
  readonly test?: EvaluationRow | undefined;
}

export interface TimingRow {
  readonly step: number;
  /** Since the session began. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
}

export interface RunData {
  readonly folder: string;
  readonly experiment: Experiment;
  readonly steps: StepColumns;
  /** Of the validation part, in the order of steps. */
  readonly evaluations: readonly EvaluationRow[];
  /** Absent: the run goes on, or was stopped before its end. */
  readonly end?: RunEnd | undefined;
  readonly timing: readonly TimingRow[];
  readonly sessions: readonly Session[];
  readonly diagnostics: readonly DiagnosticRecord[];
  /** What could not be read, in sentences. */
  readonly remarks: readonly string[];
}

/** The loss or a metric of an evaluation. */
export const valueOf = ({ loss, metrics }: EvaluationRow, name: string): number =>
  name === "loss" ? loss : (metrics[name] ?? Number.NaN);

/** The loss and the metrics by name, with their columns. */
export const measuresOf = ({ loss, metrics }: StepColumns): readonly (readonly [string, readonly number[]])[] => [
  ["loss", loss],
  ...Object.entries(metrics),
];

/** The baseline that results are compared with, and that is drawn: of the test part, else of the latest evaluation. */
export const baselineOf = ({ end, evaluations }: RunData): EvaluationRow["baseline"] =>
  end?.test?.baseline ?? evaluations.at(-1)?.baseline;

/** The latest result, of the test part where the run has come to its end. */
export const resultOf = ({ end, evaluations }: RunData): EvaluationRow | undefined => end?.test ?? evaluations.at(-1);

/** Records of a kind. */
export const recordsOf = <K extends DiagnosticRecord["kind"]>(
  { diagnostics }: Pick<RunData, "diagnostics">,
  kind: K,
): readonly Extract<DiagnosticRecord, { readonly kind: K }>[] =>
  diagnostics.filter((record): record is Extract<DiagnosticRecord, { readonly kind: K }> => record.kind === kind);
