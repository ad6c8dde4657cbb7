/**
 * Which process something belongs to, in the names of files that only a process that lives may keep: claims on folders, and
 * drafts of files. Told by its number, when it was started, and when the machine was, not by a clock.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process, as far as it can be told from others; unknown parts are "0". */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in ticks since the machine was. */
  readonly started: string;
  /** The machine's start. */
  readonly boot: string;
  readonly machine: string;
}

const UNKNOWN = "0";

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

/** This process. */
export const ownProcess = (): ProcessIdentity => {
  const boot = kernelText("/proc/sys/kernel/random/boot_id");
  return {
    pid: process.pid,
    started: processFacts(process.pid)?.started ?? UNKNOWN,
    boot: boot === undefined ? UNKNOWN : shortHash(boot),
    machine: shortHash(hostname()),
  };
};

/** Source of a regular expression for the text of an identity. */
export const IDENTITY = "\\d+-\\d+-[0-9a-f]+-[0-9a-f]+";

/** An identity as a part of a file's name: "4711-123456-8a00ffa92b7c-9d1e77c0aa31". */
export const identityText = ({ pid, started, boot, machine }: ProcessIdentity): string =>
  [pid, started, boot, machine].join("-");

/** The identity that such a text stands for. */
export function parseIdentity(text: string): ProcessIdentity {
  const [pid = UNKNOWN, started = UNKNOWN, boot = UNKNOWN, machine = UNKNOWN] = text.split("-");
  return { pid: Number(pid), started, boot, machine };
}

/** Whether the process may still run. On another machine nobody can tell, so it may. */
export function mayLive(owner: ProcessIdentity, self: ProcessIdentity): boolean {
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
