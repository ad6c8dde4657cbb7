/**
 * One run per folder. Who wants a folder puts a claim into it, a file whose name
 * says which process it is, and then looks whether there is another claim of a
 * process that lives. Whoever comes later sees the earlier claim, so two can never both go on; and no claim is ever
 * taken away from a process that lives, so none has to be given back. A claim of a process that ended, however it
 * ended, counts for nothing: that is told by its number, when it was started, and when the machine was, not by a clock.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError } from "./failure.js";
import { attempt, RULES } from "./files.js";

export interface FolderLock {
  release(): Promise<void>;
}

/** A process, as far as it can be told from others; unknown parts are "0". */
interface Owner {
  readonly pid: number;
  /** When it was started, in ticks since the machine was. */
  readonly started: string;
  /** The machine's start. */
  readonly boot: string;
  readonly machine: string;
}

const UNKNOWN = "0";
const CLAIM = /^run-(\d+)-(\d+)-([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)\.lock$/;
/** Two that come at the same moment see each other and both step back; they try again at different times. */
const ATTEMPTS = 4;
const LONGEST_WAIT_MS = 200;

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** What Linux says about a process or itself, or undefined where nothing is said. */
function kernelText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** State letter and start time of a process (proc(5): fields 3 and 22, behind a name that may hold anything). */
function processFacts(pid: number): { readonly state: string; readonly started: string } | undefined {
  const text = kernelText(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : { state: fields[0], started: fields[19] };
}

const ownProcess = (): Owner => {
  const boot = kernelText("/proc/sys/kernel/random/boot_id");
  return {
    pid: process.pid,
    started: processFacts(process.pid)?.started ?? UNKNOWN,
    boot: boot === undefined ? UNKNOWN : shortHash(boot),
    machine: shortHash(hostname()),
  };
};

const claimName = ({ pid, started, boot, machine }: Owner): string =>
  `run-${pid}-${started}-${boot}-${machine}-${randomBytes(6).toString("hex")}.lock`;

function ownerOf(name: string): Owner | undefined {
  const parts = CLAIM.exec(name);
  return parts === null ? undefined : { pid: Number(parts[1]), started: parts[2], boot: parts[3], machine: parts[4] };
}

/** Whether a claim may still be of a process that runs. On another machine nobody can tell, so it may. */
function mayLive(owner: Owner, self: Owner): boolean {
  if (owner.machine !== self.machine) return true;
  if (owner.boot !== self.boot) return false;
  const facts = processFacts(owner.pid);
  // Z and X: ended, but its parent has not taken notice, which in some containers never happens.
  if (facts !== undefined) return facts.started === owner.started && !["Z", "X"].includes(facts.state);
  return answers(owner.pid);
}

/** Whether there is a process with this number, where no more can be found out: on other systems, or where others' are hidden. */
function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
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
async function findOther(folder: string, own: string, self: Owner): Promise<string | undefined> {
  const names = await attempt(RULES.folder, folder, () => readdir(folder));
  for (const name of names) {
    const owner = ownerOf(name);
    if (name === own || owner === undefined) continue;
    if (mayLive(owner, self)) return name;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
  return undefined;
}

function taken(folder: string, claim: string, self: Owner): FileError {
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
