// Where things are, and the packages in the order in which they may depend on each other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const packageNames = ["core", "layers", "optim", "cli", "examples"];

/** Those that run in a browser as well, and so may not use modules of Node. */
export const portablePackages = ["core", "layers", "optim"];

/** @param {string} name */
export const packageFolder = (name) => join(root, "packages", name);

/**
 * The fields of a package.json that the scripts use.
 * @typedef {{ name: string, version: string, bin: string | Record<string, string>, packageManager: string,
 *   dependencies?: Record<string, string> }} Manifest
 */

/** @param {string} folder @returns {Manifest} */
export const readManifest = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
