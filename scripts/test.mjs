// `npm test`: everything that must hold, from a fresh checkout with nothing but Node and npm.
import { checkPackages, checkTypes } from "./lib/checks.mjs";
import { tool } from "./lib/run.mjs";
import { runStages } from "./lib/stages.mjs";
import { build, install } from "./lib/steps.mjs";

const reporters = ["--reporter=default", "--reporter=json", "--outputFile.json=.reports/vitest.json"];

const failed = await runStages([
  { name: "install", run: install, needed: true },
  { name: "build", run: build, needed: true },
  // Beside each other, the longest first.
  [
    { name: "types", run: checkTypes },
    { name: "lint", run: () => tool("eslint", [".", "--max-warnings", "0"]) },
    { name: "docs", run: () => tool("typedoc", []) },
    { name: "format", run: () => tool("prettier", [".", "--check"]) },
    { name: "packages", run: checkPackages },
    { name: "unused", run: () => tool("knip", []) },
  ],
  { name: "tests", run: () => tool("vitest", ["run", ...reporters]) },
]);
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
