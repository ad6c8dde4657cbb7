/** `latchgrad describe`: what a model's document says, with its layers and parameters. */
import { describeExperiment } from "./describe-experiment.js";
import { readExperimentFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import type { Screen } from "./screen.js";

export interface DescribeCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  readonly screen: Screen;
}

/** Describes the model in a file; returns the exit code. Throws LatchgradError. */
export async function describeCommand({ file, screen }: DescribeCommand): Promise<number> {
  screen.write(describeExperiment(await readExperimentFile(file)));
  return EXIT.success;
}
