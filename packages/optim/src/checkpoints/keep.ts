/** Saving checkpoints and getting the latest good one back: nothing is trusted that was not read again. */
import { CheckpointError, LatchgradError, type Issue } from "@latchgrad/core";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from "./checkpoint.js";
import type { CheckpointFiles, CheckpointStore } from "./store.js";
import { checkedFiles, sameBytes, SUMS_FILE, withSums } from "./sums.js";

export interface SaveOptions {
  /** Names of the state tensors that are weights. */
  readonly weights: readonly string[];
  /** How many checkpoints stay, this one among them. */
  readonly keep: number;
}

/**
 * Saves a checkpoint: it is written, read again and compared, and only then do checkpoints go that are too many.
 * Throws CheckpointError; the checkpoints before it are then still there.
 */
export async function saveCheckpoint(
  store: CheckpointStore,
  checkpoint: Checkpoint,
  { weights, keep }: SaveOptions,
): Promise<void> {
  const { step } = checkpoint.state;
  const files = await withSums(encodeCheckpoint(checkpoint, weights));
  await store.write(step, files);
  const problem = await findDifference(files, await store.read(step));
  if (problem !== undefined) {
    await store.remove(step);
    throw new CheckpointError([
      {
        code: "checkpoint.write",
        problem: "what was written is what is read again",
        at: { kind: "value", name: placeOf(step) },
        received: problem,
        hint: "the disk may be failing",
      },
    ]);
  }
  // Later ones can only be left from a future that was given up, when a damaged one was passed over.
  const steps = await store.list();
  const earlier = steps.filter((other) => other < step);
  for (const other of [...earlier.slice(0, Math.max(0, earlier.length - (keep - 1))), ...steps.filter((s) => s > step)])
    await store.remove(other);
}

export interface Loaded {
  readonly checkpoint: Checkpoint;
  /** What is wrong with later ones that were passed over. */
  readonly passedOver: readonly Issue[];
}

/**
 * The latest checkpoint of which every bit is as it was written; undefined when there is none at all.
 * Throws CheckpointError when there are some and none is good, or the latest good one is of a later format.
 */
export async function loadCheckpoint(store: CheckpointStore): Promise<Loaded | undefined> {
  const passedOver: Issue[] = [];
  for (const step of [...(await store.list())].reverse()) {
    const read = await readGood(store, step);
    if ("checkpoint" in read) return { ...read, passedOver };
    passedOver.push(read);
  }
  if (passedOver.length > 0) throw new CheckpointError(passedOver);
  return undefined;
}

/** The checkpoint of a step if it is good, else what is wrong with it. Throws CheckpointError when it is of a later format. */
async function readGood(store: CheckpointStore, step: number): Promise<Issue | Pick<Loaded, "checkpoint">> {
  try {
    const files = await checkedFiles(await store.read(step));
    if (typeof files === "string") return damaged(step, files);
    const checkpoint = decodeCheckpoint(files);
    return checkpoint.state.step === step
      ? { checkpoint }
      : damaged(step, `the state of step ${checkpoint.state.step}`);
  } catch (error) {
    // Going on from an earlier one would throw away what the later version has done.
    if (!(error instanceof LatchgradError) || error.issues.some(({ code }) => code === "checkpoint.format"))
      throw error;
    const [{ received, problem }] = error.issues;
    return damaged(step, received ?? problem);
  }
}

const placeOf = (step: number): string => `checkpoint of step ${step}`;

const damaged = (step: number, received: string): Issue => ({
  code: "checkpoint.damaged",
  problem: "a checkpoint is as it was written",
  at: { kind: "value", name: placeOf(step) },
  received,
});

/** How what was read differs from what was written, in words; undefined where it does not. */
async function findDifference(written: CheckpointFiles, read: CheckpointFiles): Promise<string | undefined> {
  const checked = await checkedFiles(read);
  if (typeof checked === "string") return checked;
  if (!sameBytes(written[SUMS_FILE], read[SUMS_FILE])) return `another ${SUMS_FILE}`;
  decodeCheckpoint(checked);
  return undefined;
}
