/** `latchgrad profile`: what a training step of a model spends its time on. */
import type { Precision } from "@latchgrad/core";
import { profileTraining } from "@latchgrad/optim";
import { filesBeside, readExperimentFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import { profileInWords } from "./profile-words.js";
import type { Screen } from "./screen.js";

export interface ProfileCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  /** Changes to the document, "path=value". */
  readonly settings: readonly string[];
  /** Steps that are measured. Absent: as many as three seconds have. */
  readonly steps?: number | undefined;
  /** Rows of the second table, at most. */
  readonly rows: number;
  readonly precision: Precision;
  /** Print one JSON object in place of text. */
  readonly json: boolean;
  readonly screen: Pick<Screen, "write">;
}

/** Trains for some seconds and shows the profile; returns the exit code. Throws LatchgradError. */
export async function profileCommand(command: ProfileCommand): Promise<number> {
  const { file, settings, steps, rows, precision, json, screen } = command;
  const experiment = await readExperimentFile(file, settings);
  const profile = await profileTraining(experiment, { steps, precision, openFile: filesBeside(file) });
  screen.write(
    json
      ? `${JSON.stringify({ name: experiment.config.name, batch: experiment.config.training.batch, precision, ...profile })}\n`
      : profileInWords({ experiment, profile, most: rows }),
  );
  return EXIT.success;
}
