/** What ends a run whose numbers have become meaningless: where that began, and the last state that was good. */
import { NonFiniteError, RunError, type Issue, type NonFinite } from "@latchgrad/core";
import { COUNTS } from "./gathering.js";
import type { RunState } from "./run-state.js";

/** Loss, weights or an evaluation became infinite or NaN. Training can go on from `state` with other settings. */
export class TrainingError extends RunError {
  override readonly name = "TrainingError";
  /** Steps that had been made. */
  readonly step: number;
  /** The run after them: what failed left no trace in it. Absent where it failed between two batches of one step. */
  readonly state: RunState | undefined;
  /** The node, its place in the config, step of the loop, row of the batch, and what it was computed from. */
  readonly found: NonFinite;

  constructor(issues: readonly Issue[], { step, state, found }: Pick<TrainingError, "step" | "state" | "found">) {
    super(issues);
    this.step = step;
    this.state = state;
    this.found = found;
  }
}

/** What mostly helps. */
export const REMEDY = "try a lower learning rate, or clip gradients";

const notFinite = (quantity: "loss" | "gradient", place: string, value: number): Issue => ({
  code: `run.${quantity}-not-finite`,
  problem: `the ${quantity} is a finite number`,
  at: { kind: "value", name: `${quantity} of ${place}` },
  received: String(value),
  hint: REMEDY,
});

/** Throws RunError where the mean of losses that are finite is not. */
export function checkLoss(loss: number, place: string): void {
  if (!Number.isFinite(loss)) throw new RunError([notFinite("loss", place, loss)]);
}

/**
 * The error for something that failed: where it was an executable that found a number that is not finite, a
 * TrainingError with the issue of the run's place in front of that of the node's; any other error as it is.
 */
export async function failureOf(error: unknown, place: string, readState: () => Promise<RunState>): Promise<unknown> {
  if (!(error instanceof NonFiniteError)) return error;
  const { found, issues } = error;
  const state = await readState();
  const isBetween = Object.hasOwn(state.tensors, COUNTS.part) && state.tensors[COUNTS.part].data[0] > 0;
  const issue = notFinite(found.output === "loss" ? "loss" : "gradient", place, found.value);
  return new TrainingError([issue, ...issues], {
    step: state.step,
    state: isBetween ? undefined : state,
    found,
  });
}
