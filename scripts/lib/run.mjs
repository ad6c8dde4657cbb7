// Starts other programs. Tools run straight through node from node_modules, so nothing depends on a shell or on PATH.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { readManifest, root } from "./packages.mjs";

/**
 * @typedef {{ code: number, output: string }} Result
 * @typedef {{ cwd?: string, show?: boolean, shell?: boolean }} Options
 */

/**
 * Runs a program to its end; its output is collected, or shown as it comes.
 * @param {string} program @param {string[]} args @param {Options} [options] @returns {Promise<Result>}
 */
export function run(program, args, { cwd = root, show = false, shell = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, shell, stdio: show ? "inherit" : ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout?.on("data", (/** @type {Buffer} */ part) => (output += part.toString()));
    child.stderr?.on("data", (/** @type {Buffer} */ part) => (output += part.toString()));
    child.on("error", (error) => resolve({ code: 1, output: `${output}cannot start ${program}: ${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs several commands one after the other until one fails, and joins their output.
 * @param {(() => Promise<Result>)[]} commands @returns {Promise<Result>}
 */
export async function runAll(commands) {
  let output = "";
  for (const command of commands) {
    const result = await command();
    output += result.output;
    if (result.code !== 0) return { code: result.code, output };
  }
  return { code: 0, output };
}

/**
 * Runs the command of an installed development dependency, for example `tool("eslint", ["."])`.
 * @param {string} name @param {string[]} args @param {Options & { bin?: string }} [options]
 */
export function tool(name, args, { bin = name, ...options } = {}) {
  const folder = join(root, "node_modules", name);
  const { bin: bins } = readManifest(folder);
  const file = typeof bins === "string" ? bins : bins[bin];
  return run(process.execPath, [join(folder, file), ...args], options);
}

/** @param {string[]} args @param {Options} [options] */
export function npm(args, options) {
  const cli = process.env["npm_execpath"];
  if (cli?.endsWith("npm-cli.js")) return run(process.execPath, [cli, ...args], options);
  return run("npm", args, { ...options, shell: process.platform === "win32" });
}

/**
 * Runs the pnpm that package.json pins; npm fetches it, so none needs to be installed.
 * @param {string[]} args @param {Options} [options]
 */
export function pnpm(args, options) {
  const { packageManager } = readManifest(root);
  return npm(["exec", "--yes", "--package", packageManager, "--", "pnpm", ...args], options);
}
