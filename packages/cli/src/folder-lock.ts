/**
 * One run per folder. Who wants a folder puts a claim into it, a file whose name
 * says which process it is, and then looks whether there is another claim of a
 * process that lives. Whoever comes later sees the earlier claim, so two can never both go on; and no claim is ever
 * taken away from a process that lives, so none has to be given back. A claim of a process that ended, however it
 * ended, counts for nothing: that is told by its number, when it was started, and when the machine was, not by a clock.
 */
import { randomBytes } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError } from "./failure.js";
import { attempt, RULES } from "./files.js";
import {
  IDENTITY,
  identityText,
  mayLive,
  ownProcess,
  parseIdentity,
  type ProcessIdentity,
} from "./process-identity.js";

export interface FolderLock {
  release(): Promise<void>;
}

const CLAIM = new RegExp(`^run-(${IDENTITY})-[0-9a-f]+\\.lock$`);
/** Two that come at the same moment see each other and both step back; they try again at different times. */
const ATTEMPTS = 4;
const LONGEST_WAIT_MS = 200;

const claimName = (self: ProcessIdentity): string => `run-${identityText(self)}-${randomBytes(6).toString("hex")}.lock`;

function ownerOf(name: string): ProcessIdentity | undefined {
  const text = CLAIM.exec(name)?.[1];
  return text === undefined ? undefined : parseIdentity(text);
}

/** Removes claims of processes that ended, which only a run that begins here would remove otherwise. */
export async function tidyClaims(folder: string): Promise<void> {
  await findOther(folder, "", ownProcess());
}

/** Takes a folder for this run, or throws FileError when another run has it. Claims of processes that ended are removed. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const self = ownProcess();
  for (let attempts = 1; ; attempts++) {
    const name = claimName(self);
    const path = join(folder, name);
    const release = (): Promise<void> => rm(path, { force: true });
    try {
      await attempt(RULES.write, path, () => writeFile(path, `process ${self.pid} on ${hostname()}\n`, { flag: "wx" }));
    } catch (error) {
      // On a full disk there may be a file without its text.
      await release().catch(() => undefined);
      throw error;
    }
    const other = await findOther(folder, name, self);
    if (other === undefined) return { release };
    await release();
    if (attempts === ATTEMPTS || ownerOf(other)?.machine !== self.machine) throw taken(folder, other, self);
    await sleep(Math.random() * LONGEST_WAIT_MS);
  }
}

/** The claim of another process that may live; those of ended ones are removed on the way. */
async function findOther(folder: string, own: string, self: ProcessIdentity): Promise<string | undefined> {
  const names = await attempt(RULES.folder, folder, () => readdir(folder));
  for (const name of names) {
    const owner = ownerOf(name);
    if (name === own || owner === undefined) continue;
    if (mayLive(owner, self)) return name;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
  return undefined;
}

function taken(folder: string, claim: string, self: ProcessIdentity): FileError {
  const owner = ownerOf(claim);
  const elsewhere = owner?.machine !== self.machine;
  return new FileError([
    {
      code: "file.locked",
      problem: "a folder has one run at a time",
      at: { kind: "value", name: folder },
      received: elsewhere ? `the claim of a run on another machine, ${claim}` : `a run in process ${owner.pid}`,
      hint: elsewhere
        ? "if that run has ended, remove that file; which process and machine it was stands in it"
        : "wait for it to end, stop it, or choose another folder",
    },
  ]);
}
