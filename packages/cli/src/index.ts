/** The public surface of @latchgrad/cli: re-exports only. The command itself is main.ts. */
export { runCommandLine, type Surroundings } from "./command-line.js";
export { filesBeside, readExperimentFile } from "./experiment-file.js";
export { FileError } from "./failure.js";
export { formatTable } from "./format.js";
export type { Screen } from "./screen.js";
