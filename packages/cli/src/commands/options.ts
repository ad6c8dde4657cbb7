/** Arguments and options that several commands have. */
import { Argument, InvalidArgumentError, Option } from "commander";
import { PRECISIONS } from "../environment.js";

export const modelArgument = (): Argument =>
  new Argument("<model>", "JSON file with the model, its task and its training");

/** Changes to the document, as a list. */
export const settingOption = (): Option =>
  new Option(
    "-s, --set <path=value>",
    "change the document, such as training.steps=100 or layers.memory.cell.units=8; may be given several times",
  ).argParser((setting: string, before: readonly string[] = []) => [...before, setting]);

/** The precision of a command that uses what a run has trained. */
export const runPrecisionOption = (): Option =>
  new Option("--precision <which>", "how sums of products are rounded (default: as in the run)").choices(PRECISIONS);

/** A parser of whole numbers from 1 on. */
export const countUpTo =
  (most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`A whole number from 1 to ${most} is expected.`);
  };

/** A parser of temperatures: numbers from 0 on. */
export function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1000) return value;
  throw new InvalidArgumentError("A number from 0 to 1000 is expected.");
}
