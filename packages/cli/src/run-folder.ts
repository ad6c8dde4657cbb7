/**
 * The folder of a run: `model.json`, the experiment with all defaults, which with `model.safetensors` is the trained
 * model; `environment.json`; the log; `checkpoints/`; and while it runs a claim, so that no other run takes the folder.
 */
import { MODEL_FILES } from "@latchgrad/layers";
import { readdir } from "node:fs/promises";
import { FileError } from "./failure.js";
import { attempt, makeFolder, makeNewFolder, removeEmptyFolder, RULES } from "./files.js";
import { lockFolder } from "./folder-lock.js";
import { folderName } from "./model-folder.js";

/** Where runs go when the command does not say. */
const RUNS_FOLDER = "runs";
export const CHECKPOINTS_FOLDER = "checkpoints";

export interface RunFolder {
  readonly path: string;
  /** Gives the folder free, and removes it if nothing came of the run. */
  close(): Promise<void>;
}

export interface RunFolderOptions {
  /** The folder that was asked for; absent: a new one in `runs`, so that no run is replaced. */
  readonly out: string | undefined;
  /** Whether the folder may have a run already. */
  readonly resume: boolean;
  /** Of the model; names a new folder. */
  readonly name: string;
}

/** Makes or takes a folder for a run. Throws FileError when it cannot be had, or has a run and `resume` is not asked for. */
export async function openRunFolder({ out, resume, name }: RunFolderOptions): Promise<RunFolder> {
  const isNew = out === undefined || (await makeFolder(out));
  const path = out ?? (await makeNewFolder(RUNS_FOLDER, folderName(name)));
  const tidy = async (): Promise<void> => {
    if (isNew) await removeEmptyFolder(path);
  };
  try {
    const lock = await lockFolder(path);
    const close = async (): Promise<void> => {
      await lock.release();
      await tidy();
    };
    try {
      if (!resume) await refuseTaken(path);
      return { path, close };
    } catch (error) {
      await close();
      throw error;
    }
  } catch (error) {
    await tidy();
    throw error;
  }
}

/** A run of many hours should not be lost because a command was typed twice. */
async function refuseTaken(path: string): Promise<void> {
  const names = await attempt(RULES.folder, path, () => readdir(path));
  const kept = names.filter((name) => [MODEL_FILES.config, MODEL_FILES.weights, CHECKPOINTS_FOLDER].includes(name));
  if (kept.length === 0) return;
  throw new FileError([
    {
      code: "file.run-exists",
      problem: "a new run has a folder of its own",
      at: { kind: "value", name: path },
      received: `a folder with ${kept.sort().join(", ")}`,
      hint: "--resume goes on with that run; another --out begins a new one",
    },
  ]);
}
