/** `latchgrad check`: what is to be known of a model before it is trained, in plain words. */
import { formatType, LatchgradError, type Issue } from "@latchgrad/core";
import { checkExperiment, type ExperimentCheck } from "@latchgrad/optim";
import { checkInWords } from "./check-words.js";
import { filesBeside, readJsonFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import type { Screen } from "./screen.js";

export interface CheckCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  /** Elements of each weight that are compared. */
  readonly samples: number;
  /** Print one JSON object in place of text. */
  readonly json: boolean;
  readonly screen: Pick<Screen, "write">;
}

/** Checks the model in a file; returns the exit code. Throws LatchgradError, unless `json` asks for problems as data. */
export async function checkCommand({ file, samples, json, screen }: CheckCommand): Promise<number> {
  const look = async (): Promise<ExperimentCheck> =>
    checkExperiment(await readJsonFile(file), { samples, openFile: filesBeside(file) });
  if (!json) {
    const check = await look();
    screen.write(checkInWords(check));
    return check.problems.length === 0 ? EXIT.success : EXIT.failure;
  }
  let record: CheckRecord;
  try {
    record = asRecord(await look());
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    record = refused(error.issues);
  }
  screen.write(`${JSON.stringify(record)}\n`);
  return record.ok ? EXIT.success : EXIT.failure;
}

const refused = (problems: readonly Issue[]): CheckRecord => ({ ok: false, problems });

/** The check as JSON: the same facts as in words, or only the problems. */
interface CheckRecord {
  readonly ok: boolean;
  readonly problems: readonly Issue[];
  readonly [fact: string]: unknown;
}

function asRecord({ experiment, description, problems, ...rest }: ExperimentCheck): CheckRecord {
  const { layers, parameters, inputs, targets } = description;
  const typesOf = (types: typeof inputs): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(types).map(([name, type]) => [name, formatType(type)]));
  return {
    ok: problems.length === 0,
    name: experiment.config.name,
    problems,
    inputs: typesOf(inputs),
    targets: typesOf(targets),
    parameters,
    layers: layers.map(({ output, more, ...layer }) => ({
      ...layer,
      output: formatType(output),
      more: typesOf(more),
    })),
    ...rest,
  };
}
