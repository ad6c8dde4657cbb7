/** What a run is made of: the repository, and the other frameworks. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Of the repository; with "+" when files of the packages differ from it. */
export function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", ":/packages") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

/** Of this package's dependencies, which other frameworks are. */
export function peerVersions(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { devDependencies } = JSON.parse(text) as { devDependencies: Readonly<Record<string, string>> };
  return { tfjs: devDependencies["@tensorflow/tfjs-core"], "jax-js": devDependencies["@jax-js/jax"] };
}
