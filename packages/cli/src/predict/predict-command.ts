/** `latchgrad predict`: what a trained model answers to sequences in a file or a pipe, as wholes or step by step. */
import type { Precision, TensorData } from "@latchgrad/core";
import {
  coderOf,
  DataError,
  isSequence,
  openPredictor,
  openStream,
  textCoderOf,
  type FileBytes,
  type ModelStream,
  type Predictor,
} from "@latchgrad/optim";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { EXIT } from "../failure.js";
import { attempt, openBytes, RULES } from "../files.js";
import { formatPlural } from "../format.js";
import { groupsBy } from "../groups.js";
import { readTrainedModel } from "../model-folder.js";
import type { Screen } from "../screen.js";
import { columnDialect } from "./column-dialect.js";
import { ROW_FORMATS, type Answers, type Dialect, type Heard, type RowFormat } from "./dialect.js";
import { unstack } from "./example.js";
import { tensorDialect } from "./tensor-dialect.js";
import { textDialect } from "./text-dialect.js";

export interface PredictCommand {
  /** Folder of a model or of a run. */
  readonly folder: string;
  /** Path of a file, or "-" for the standard input. */
  readonly input: string;
  /** Absent: the standard output. */
  readonly out?: string | undefined;
  /** Each line is the next part of a sequence, such as one step, and is answered at once. */
  readonly stream: boolean;
  /** Absent: as the name of the file says, or that of the training's files, or JSON lines. */
  readonly format?: RowFormat | undefined;
  /** Leave out and count what is wrong. */
  readonly skipBad: boolean;
  readonly precision?: Precision | undefined;
  readonly threads: number;
  readonly screen: Screen;
  /** What is said besides the answers. */
  readonly note: (text: string) => void;
  /** Called with the path of the file that is read next, for what is said of errors. */
  readonly onFile: (path: string) => void;
}

const STANDARD_INPUT = "-";

/** Predicts; returns the exit code. Throws LatchgradError. */
export async function predictCommand(command: PredictCommand): Promise<number> {
  const { folder, input, stream, note, onFile } = command;
  const stored = await readTrainedModel(folder);
  const precision = command.precision ?? stored.precision;
  const options = { precision, threads: command.threads };
  const { config, model } = stored.experiment;
  const served = stream
    ? await openStream(model, stored.weights, options)
    : await openPredictor(model, stored.weights, options);
  const name = input === STANDARD_INPUT ? "standard input" : input;
  const output = await openOutput(command);
  try {
    onFile(name);
    const job: Job = { skipBad: command.skipBad, write: output.write, bad: 0 };
    const asked = command.format ?? formatByName(input);
    const dataFormat = asked === undefined ? undefined : DATA_FORMATS[asked];
    const texts = stored.fitted === undefined ? undefined : textCoderOf(config.task, stored.fitted, config.dtype);
    const coder =
      stored.fitted === undefined ? undefined : coderOf(config.task, stored.fitted, config.dtype, dataFormat);
    if (texts !== undefined) {
      const spoken = { coder: texts, model, served, format: asked ?? "jsonl", source: dataFormat, isStream: stream };
      await speak(textDialect(spoken), served, name, job);
    } else if (coder === undefined) {
      const format = asked ?? "jsonl";
      const ignored = [...Object.keys(model.signature.inputs), ...Object.keys(model.signature.targets)];
      await speak(tensorDialect({ served, format, ignored, isStream: stream }), served, name, job);
    } else {
      const format = coder.format === "csv" ? "csv" : "jsonl";
      await speak(columnDialect({ coder, model, served, format, isStream: stream }), served, name, job);
    }
    if (job.bad > 0)
      note(`${formatPlural(job.bad, stream ? "line" : "sequence")} left out, because something was wrong with them\n`);
  } finally {
    served.dispose();
    await output.close();
  }
  return EXIT.success;

  /** A function of its own, so that the type of sequences is one in all of it. */
  async function speak<S>(
    dialect: Dialect<S>,
    answering: Predictor | ModelStream,
    path: string,
    job: Job,
  ): Promise<void> {
    if ("next" in answering) await answerParts(answering, dialect, path, sourceOf(input), job);
    else await answerWholes(answering, dialect.sequences(path, await bytesOf(input)), dialect, job);
  }
}

type Write = (text: string) => Promise<void>;

interface Job {
  readonly skipBad: boolean;
  readonly write: Write;
  bad: number;
}

/** What the name of a file says about its rows. */
const formatByName = (path: string): RowFormat | undefined => ROW_FORMATS.find((format) => path.endsWith(`.${format}`));

const DATA_FORMATS = { csv: "csv", jsonl: "jsonLines" } as const;

/** All of the standard input, or a file that is read in ranges. */
async function bytesOf(input: string): Promise<FileBytes> {
  if (input !== STANDARD_INPUT) return openBytes(input);
  const bytes = await buffer(process.stdin);
  return { size: bytes.length, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
}

function sourceOf(input: string): NodeJS.ReadableStream {
  return input === STANDARD_INPUT ? process.stdin : createReadStream(input);
}

async function openOutput({ out, screen }: PredictCommand): Promise<{ readonly write: Write; close(): Promise<void> }> {
  if (out === undefined)
    return {
      write(text) {
        screen.write(text);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  const file = await attempt(RULES.write, out, () => open(out, "w"));
  return {
    write: (text) => attempt(RULES.write, out, () => file.appendFile(text)),
    close: () => file.close(),
  };
}

/** Whether the sequence can be used; else it is counted, or thrown. */
function isUsable({ issues }: Heard<unknown>, job: Job): boolean {
  if (issues.length === 0) return true;
  if (!job.skipBad) throw new DataError(issues);
  job.bad++;
  return false;
}

/** Sequences that wait for each other, so that those of like length are computed together; answers come in the order of the rows. */
const TOGETHER = 256;
const BATCH = 32;

async function answerWholes<S>(
  model: Predictor,
  sequences: AsyncIterable<Heard<S>>,
  dialect: Dialect<S>,
  job: Job,
): Promise<void> {
  let waiting: Heard<S>[] = [];
  const flush = async (): Promise<void> => {
    const answers = await answersTo(model, dialect, waiting);
    for (const [i, heard] of waiting.entries()) await job.write(dialect.answer(heard, answers[i]));
    waiting = [];
  };
  for await (const heard of sequences) {
    if (isUsable(heard, job)) waiting.push(heard);
    if (waiting.length === TOGETHER) await flush();
  }
  await flush();
}

/** The answers to sequences, in batches of like length. */
async function answersTo<S>(
  model: Predictor,
  dialect: Dialect<S>,
  asked: readonly Heard<S>[],
): Promise<readonly Answers[]> {
  const answers: Answers[] = new Array<Answers>(asked.length);
  for (const indices of groupsBy(asked.keys(), (i) => dialect.shape(asked[i]))) {
    const sorted = indices.toSorted((a, b) => asked[a].steps - asked[b].steps);
    for (let from = 0; from < sorted.length; from += BATCH) {
      const batch = sorted.slice(from, from + BATCH);
      const outputs = await model.predict(dialect.encode(batch.map((i) => asked[i])));
      batch.forEach((index, place) => {
        answers[index] = answersAt(model, outputs, place, asked[index].steps);
      });
    }
  }
  return answers;
}

const answersAt = (
  { outputs: types }: Pick<Predictor, "outputs">,
  outputs: Readonly<Record<string, TensorData>>,
  place: number,
  steps: number,
): Answers =>
  Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      name,
      unstack(outputs[name], place, isSequence(type) ? steps : undefined),
    ]),
  );

/** Answers each part before the next one is read. One with another id begins a new sequence. */
async function answerParts<S>(
  model: ModelStream,
  dialect: Dialect<S>,
  path: string,
  source: NodeJS.ReadableStream,
  job: Job,
): Promise<void> {
  let sequence: unknown;
  const parts = dialect.parts(path, source)[Symbol.asyncIterator]();
  for (;;) {
    const next = await attempt(RULES.read, path, () => parts.next());
    if (next.done === true) return;
    const heard = next.value;
    if (heard === undefined) {
      model.restart();
      continue;
    }
    if (!isUsable(heard, job)) continue;
    if (heard.id !== sequence) model.restart();
    sequence = heard.id;
    const outputs = await model.next(dialect.encode([heard]));
    await job.write(dialect.answer(heard, answersAt(model, outputs, 0, heard.steps)));
  }
}
