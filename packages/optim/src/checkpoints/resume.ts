/** Whether a run may go on from a checkpoint: only as the run that it was, or the bits would not be those of any run. */
import { CheckpointError, joinPointer, type Issue, type Precision } from "@latchgrad/core";
import { readExperiment, type Experiment } from "../experiment.js";
import type { Checkpoint } from "./checkpoint.js";

/** What may differ: names and places mean nothing to a run, and one that is longer begins as the shorter one did. */
const FREE: readonly string[] = ["/$schema", "/name", "/training/steps", "/training/checkpoints"];

/** Throws CheckpointError where the experiment or the precision is not that of the checkpoint, with all differences. */
export function checkResume({ config, precision }: Checkpoint, experiment: Experiment, asked: Precision): void {
  // An old config is read like any document, so that options which came later have their defaults.
  const before = readExperiment(config).config;
  const issues = [
    ...differences("", before, experiment.config).map((difference) => differs(difference)),
    ...(precision === asked ? [] : [differs({ pointer: "precision", before: precision, now: asked })]),
  ];
  if (issues.length > 0) throw new CheckpointError(issues);
}

interface Difference {
  readonly pointer: string;
  readonly before: unknown;
  readonly now: unknown;
}

const differs = ({ pointer, before, now }: Difference): Issue => ({
  code: "checkpoint.other-run",
  problem: "a run goes on as the run that it was",
  at: { kind: "config", pointer },
  expected: textOf(before),
  received: textOf(now),
  hint: "begin a new run in another folder, or take the change back",
});

const textOf = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

/** Every place where two JSON values differ, but for those that are free to. */
function differences(pointer: string, before: unknown, now: unknown): readonly Difference[] {
  if (FREE.includes(pointer)) return [];
  if (!isContainer(before) || !isContainer(now) || Array.isArray(before) !== Array.isArray(now))
    return before === now ? [] : [{ pointer, before, now }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.flatMap((key) => differences(joinPointer(pointer, key), before[key], now[key]));
}

const isContainer = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
