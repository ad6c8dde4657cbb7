#!/usr/bin/env node
// The `latchgrad` command: only what ties it to the process.
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { roundOnceOnNode20 } from "./engine.js";

// From Node 22.1 on, the compiled form of what is imported behind this line is kept among temporary files, and read
// from there by the next process. NODE_DISABLE_COMPILE_CACHE=1 prevents it.
const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: () => unknown };
enableCompileCache?.();
roundOnceOnNode20();
const { runCommandLine } = await import("./command-line.js");
const { standardOutput } = await import("./screen.js");

// `latchgrad describe model.json | head` closes our output early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  screen: standardOutput(),
  writeError: (text) => void process.stderr.write(text),
  self: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)],
  debug: process.env["LATCHGRAD_DEBUG"] === "1",
});
