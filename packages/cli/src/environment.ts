/** `environment.json`: where and how a run was computed, one entry for each time that it was started or gone on with. */
import { hasRelaxedSimd, type Precision } from "@latchgrad/core";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { writeFiles } from "./files.js";

const FILE = "environment.json";
export const PRECISIONS: readonly Precision[] = ["fast", "reproducible"];

export interface Session {
  /** Steps that were made before it. */
  readonly fromStep: number;
  readonly latchgrad: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  readonly precision: Precision;
  /** Whether products and sums were rounded together, which "fast" does where the engine can. */
  readonly roundsOnce: boolean;
  readonly threads: number;
  readonly seed: string | number;
  /** Problems in data files that were left out; absent where the task reads none. */
  readonly skippedRows?: number | undefined;
  /** ISO 8601; by the machine's clock, and only for people. */
  readonly began: string;
}

/** This process as a session. */
export function sessionNow(
  facts: Pick<Session, "fromStep" | "precision" | "seed" | "threads" | "skippedRows">,
): Session {
  return {
    ...facts,
    latchgrad: ownVersion(),
    node: process.version,
    v8: process.versions.v8,
    platform: process.platform,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? "unknown",
    roundsOnce: facts.precision === "fast" && hasRelaxedSimd(),
    began: new Date().toISOString(),
  };
}

/** Adds a session to those of the folder. Returns the one before it, if there was one. Throws FileError. */
export async function addSession(folder: string, session: Session): Promise<Session | undefined> {
  const before = session.fromStep === 0 ? [] : await sessionsIn(folder);
  await writeFiles(folder, { [FILE]: `${JSON.stringify({ sessions: [...before, session] }, undefined, 2)}\n` });
  return before.at(-1);
}

/** The sessions so far; none where the file cannot be read, because no result depends on it. */
export async function sessionsIn(folder: string): Promise<readonly Session[]> {
  try {
    const { sessions } = JSON.parse(await readFile(join(folder, FILE), "utf8")) as { sessions?: unknown };
    return Array.isArray(sessions) ? (sessions as readonly Session[]) : [];
  } catch {
    return [];
  }
}

/** With what precision the run in a folder was made last; undefined where that is not known. */
export async function precisionIn(folder: string): Promise<Precision | undefined> {
  const last: unknown = (await sessionsIn(folder)).at(-1);
  if (typeof last !== "object" || last === null || !("precision" in last)) return undefined;
  return PRECISIONS.find((known) => known === last.precision);
}

/** The version in this package's manifest, which lies above src and dist alike. */
export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
