/**
 * Checkpoints on disk: one folder each, `step-000000450`. A checkpoint is
 * written into a hidden folder beside it and gets its name when every byte is on
 * disk, so that it is there as a whole or not at all, whenever the process or the
 * machine stops. What is left of an interrupted write is never read, and removed at the next start.
 */
import { CheckpointError } from "@latchgrad/core";
import type { CheckpointFiles, CheckpointStore } from "@latchgrad/optim";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, systemCode, systemReason, writeToDisk } from "./files.js";

const NAME = /^step-(\d{9,})$/;
const nameOf = (step: number): string => `step-${String(step).padStart(9, "0")}`;
/** Begins what is being written or removed. */
const DRAFT = ".draft-";

const RULES = {
  read: { code: "checkpoint.read", problem: "a checkpoint can be read" },
  write: { code: "checkpoint.write", problem: "a checkpoint can be written" },
} as const;

/** Does something with the disk; what the system refuses becomes a CheckpointError. */
async function attempt<T>(
  rule: (typeof RULES)[keyof typeof RULES],
  path: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new CheckpointError([
      {
        ...rule,
        at: { kind: "value", name: path },
        received: reason,
        hint:
          rule === RULES.write
            ? "the checkpoints before it are as they were; --resume goes on from the latest"
            : undefined,
      },
    ]);
  }
}

/** Removes what was left half written. Only for the run that has the folder, because another one's would be removed too. */
export async function tidyCheckpoints(folder: string): Promise<void> {
  // Leftovers are never read, so one that cannot be removed does no harm.
  for (const name of (await namesIn(folder)).filter((found) => found.startsWith(DRAFT)))
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}

/** The checkpoints in a folder, which is made when there is something to write. */
export function checkpointFolder(folder: string): CheckpointStore {
  const pathOf = (step: number): string => join(folder, nameOf(step));
  /** Takes the name away first, so that a checkpoint never shows with some of its files gone. */
  async function discard(step: number): Promise<void> {
    const draft = join(folder, `${DRAFT}removed-${nameOf(step)}`);
    await rm(draft, { recursive: true, force: true });
    await rename(pathOf(step), draft);
    await rm(draft, { recursive: true, force: true });
  }

  async function writeAll(step: number, files: CheckpointFiles): Promise<void> {
    const draft = join(folder, DRAFT + nameOf(step));
    try {
      await rm(draft, { recursive: true, force: true });
      await mkdir(draft, { recursive: true });
      for (const [name, bytes] of Object.entries(files)) await writeToDisk(join(draft, name), bytes);
      await syncFolder(draft);
      if ((await namesIn(folder)).includes(nameOf(step))) await discard(step);
      await rename(draft, pathOf(step));
      await syncFolder(folder);
    } catch (error) {
      // The disk may be full, and only this makes room again; if it fails too, the first error says more.
      await rm(draft, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }

  return {
    async list() {
      const names = await namesIn(folder);
      return names.flatMap((name) => NAME.exec(name)?.slice(1).map(Number) ?? []).sort((a, b) => a - b);
    },
    read: (step) =>
      attempt(RULES.read, pathOf(step), async () => {
        const files: Record<string, Uint8Array> = {};
        for (const { name } of (await readdir(pathOf(step), { withFileTypes: true })).filter((entry) => entry.isFile()))
          files[name] = plainBytes(await readFile(join(pathOf(step), name)));
        return files;
      }),
    write: (step, files) => attempt(RULES.write, pathOf(step), () => writeAll(step, files)),
    remove: (step) => attempt(RULES.write, pathOf(step), () => discard(step)),
  };
}

/** The same bytes without what Node adds: a slice of a Buffer is no copy. */
export const plainBytes = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/** The names in a folder; none where there is no folder yet. */
const namesIn = (folder: string): Promise<readonly string[]> =>
  attempt(RULES.read, folder, async () => {
    try {
      return await readdir(folder);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }
  });
