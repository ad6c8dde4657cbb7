/**
 * A checkpoint: everything that a run needs to go on, as four files.
 *
 * - `checkpoint.json`: the format, the config with all defaults, the precision, and the numbers of the run's state;
 * - `weights.safetensors`: the weights;
 * - `training.safetensors`: the rest of the step graph's state;
 * - `best.safetensors`: the best weights so far, where the config asks for them.
 *
 * Nothing in them depends on a clock or a machine: the same run gives the same bytes.
 */
import { CheckpointError, type Precision, type TensorsByName } from "@latchgrad/core";
import { decodeSafetensors, encodeSafetensors, readJsonText, readWithSchema } from "@latchgrad/layers";
import * as z from "zod";
import type { ExperimentConfig } from "../experiment.js";
import type { RunState } from "../run-state.js";
import type { CheckpointFiles } from "./store.js";

/** What this version writes. It reads this and everything before it. */
export const CHECKPOINT_FORMAT = 1;

export interface Checkpoint {
  /** The experiment's config, with all defaults. What is read may be from an older version, so it has to be read as a document. */
  readonly config: ExperimentConfig | object;
  readonly precision: Precision;
  readonly state: RunState;
  /** How many bytes of each of the run's logs belong to the steps so far, by the log's name. */
  readonly logs: Readonly<Record<string, number>>;
}

const FILES = {
  facts: "checkpoint.json",
  weights: "weights.safetensors",
  training: "training.safetensors",
  best: "best.safetensors",
} as const;

const count = z.int().nonnegative();
const factsSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  step: count,
  ending: z.enum(["stopped", "stale"]).optional(),
  best: z.strictObject({ step: count, value: z.number() }).optional(),
  sinceBest: count,
  files: z.record(z.string(), z.string()),
  logs: z.record(z.string(), count),
  precision: z.enum(["fast", "reproducible"]),
  config: z.looseObject({}),
});

/** The files of a checkpoint; `weights` names the state tensors that are weights. */
export function encodeCheckpoint(
  { config, precision, state, logs }: Checkpoint,
  weights: readonly string[],
): CheckpointFiles {
  const { step, tensors, best, sinceBest, ending, files } = state;
  const facts: z.input<typeof factsSchema> = {
    format: CHECKPOINT_FORMAT,
    step,
    ending,
    best: best === undefined ? undefined : { step: best.step, value: best.value },
    sinceBest,
    files,
    logs,
    precision,
    config: { ...config },
  };
  const part = (isWeight: boolean): Uint8Array =>
    encodeSafetensors(
      Object.fromEntries(Object.entries(tensors).filter(([name]) => weights.includes(name) === isWeight)),
    );
  return {
    [FILES.facts]: new TextEncoder().encode(`${JSON.stringify(facts, undefined, 2)}\n`),
    [FILES.weights]: part(true),
    [FILES.training]: part(false),
    ...(best === undefined ? {} : { [FILES.best]: encodeSafetensors(best.weights) }),
  };
}

/** The checkpoint that some files are. Throws LatchgradError where they are none, or of a later format. */
export function decodeCheckpoint(files: CheckpointFiles): Checkpoint {
  const document = readJsonText(new TextDecoder().decode(fileOf(files, FILES.facts)));
  checkFormat(document);
  const facts = readWithSchema(factsSchema, document);
  const tensorsOf = (name: string): TensorsByName => decodeTensors(fileOf(files, name), name);
  const { best } = facts;
  return {
    config: facts.config,
    precision: facts.precision,
    logs: facts.logs,
    state: {
      step: facts.step,
      tensors: { ...tensorsOf(FILES.weights), ...tensorsOf(FILES.training) },
      best: best === undefined ? undefined : { ...best, weights: tensorsOf(FILES.best) },
      sinceBest: facts.sinceBest,
      ending: facts.ending,
      files: facts.files,
    },
  };
}

/** Checksums were compared before, but they can be made for any bytes. */
function decodeTensors(bytes: Uint8Array, file: string): TensorsByName {
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const [{ problem, received = "nothing" }] = error.issues;
    const issue = {
      code: "checkpoint.tensors",
      problem: "the weights and the state of a checkpoint are safetensors files",
      at: { kind: "value", name: file },
      received: `${received}, but ${problem}`,
    } as const;
    throw new CheckpointError([issue, ...error.issues]);
  }
}

function fileOf(files: CheckpointFiles, name: string): Uint8Array {
  if (Object.hasOwn(files, name)) return files[name];
  throw new CheckpointError([
    {
      code: "checkpoint.file",
      problem: "a checkpoint has all its files",
      at: { kind: "value", name },
      received: "nothing",
    },
  ]);
}

/** A format that this version does not know gets an error of its own, which says what to do. */
function checkFormat(document: unknown): void {
  const format =
    typeof document === "object" && document !== null && "format" in document ? document.format : undefined;
  if (typeof format !== "number" || format <= CHECKPOINT_FORMAT) return;
  throw new CheckpointError([
    {
      code: "checkpoint.format",
      problem: "a checkpoint has a format that this version knows",
      at: { kind: "value", name: FILES.facts },
      expected: `${CHECKPOINT_FORMAT} or less`,
      received: String(format),
      hint: "it was written by a later version of Latchgrad; go on with that one",
    },
  ]);
}
