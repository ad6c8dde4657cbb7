/** Latchgrad on Node 20 as a contender, beside the Node that runs the bench. */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { openOwn } from "../own.ts";
import type { PeerProcess } from "./peer-process.ts";

const MAJOR = "v20.";
/** In which Node 20 has relaxed SIMD; later ones have it without, and do not know the flag. */
const RELAXED_SIMD = "--experimental-wasm-relaxed-simd";
const DOWNLOAD_PATIENCE = 60_000;

export interface OtherNode {
  readonly version: string;
  readonly plain: PeerProcess;
  readonly relaxed: PeerProcess;
}

/** What the command prints, or nothing when there is no such command. */
function printed(command: string, ...args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      timeout: DOWNLOAD_PATIENCE,
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A Node 20 in a folder of PATH, else the one that the npm package `node` brings. */
function findNode(): string | undefined {
  const inPath = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .find((path) => isExecutable(path) && printed(path, "--version").startsWith(MAJOR));
  if (inPath !== undefined) return inPath;
  const brought = printed("npx", "--yes", "--package", "node@20", "--", "node", "--print", "process.execPath");
  return printed(brought, "--version").startsWith(MAJOR) ? brought : undefined;
}

/** Undefined when the bench itself runs on Node 20, or none is found. */
export async function openNode20(): Promise<OtherNode | undefined> {
  const node = process.version.startsWith(MAJOR) ? undefined : findNode();
  if (node === undefined) return undefined;
  const plain = await openOwn(node, []);
  const relaxed = await openOwn(node, [RELAXED_SIMD]);
  return plain === undefined || relaxed === undefined ? undefined : { version: plain.version, plain, relaxed };
}

export function closeNode20(node: OtherNode | undefined): void {
  node?.plain.close();
  node?.relaxed.close();
}
