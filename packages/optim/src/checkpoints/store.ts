/**
 * Where checkpoints are kept: the few things that a folder, a database of a
 * browser or plain memory must be able to do. What checkpoints consist of, which
 * ones are good, and how many are kept is decided above it.
 */

/** The files of a checkpoint by name. */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

export interface CheckpointStore {
  /** The steps for which there is a checkpoint, good or not, in ascending order. What was begun and not finished is not among them. */
  list(): Promise<readonly number[]>;
  /** The files of a checkpoint, whatever is in them. Throws CheckpointError. */
  read(step: number): Promise<CheckpointFiles>;
  /**
   * Keeps the files for good when it returns, all of them; when it throws, or the process ends on the way, none, and whatever was there stays.
   * Replaces a checkpoint of that step. Throws CheckpointError.
   */
  write(step: number, files: CheckpointFiles): Promise<void>;
  /** Removes a checkpoint, at once as a whole. Throws CheckpointError. */
  remove(step: number): Promise<void>;
}

/** A store in memory, for browsers and tests: it lasts as long as it is held. */
export function memoryStore(): CheckpointStore {
  const checkpoints = new Map<number, CheckpointFiles>();
  const copyOf = (files: CheckpointFiles): CheckpointFiles =>
    Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.slice()]));
  return {
    list: () => Promise.resolve([...checkpoints.keys()].sort((a, b) => a - b)),
    read: (step) => Promise.resolve(copyOf(checkpoints.get(step) ?? {})),
    write(step, files) {
      checkpoints.set(step, copyOf(files));
      return Promise.resolve();
    },
    remove(step) {
      checkpoints.delete(step);
      return Promise.resolve();
    },
  };
}
