#!/usr/bin/env node
// The `latchgrad` command: only what ties it to the process.
import { fileURLToPath } from "node:url";
import { runCommandLine } from "./command-line.js";
import { standardOutput } from "./screen.js";

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
