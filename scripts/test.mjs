// `npm test`: everything that must hold, from a fresh checkout with nothing but Node and npm.
import { checkPackages, checkTypes } from "./lib/checks.mjs";
import { tool } from "./lib/run.mjs";
import { runStages } from "./lib/stages.mjs";
import { build, install } from "./lib/steps.mjs";

const reporters = ["--reporter=default", "--reporter=json", "--outputFile.json=.reports/vitest.json"];

const failed = await runStages([
  { name: "install", run: install, needed: true },
  { name: "build", run: build, needed: true },
  { name: "format", run: () => tool("prettier", [".", "--check"]) },
  { name: "lint", run: () => tool("eslint", [".", "--max-warnings", "0"]) },
  { name: "types", run: checkTypes },
  { name: "unused", run: () => tool("knip", []) },
  { name: "packages", run: checkPackages },
  { name: "docs", run: () => tool("typedoc", []) },
  { name: "tests", run: () => tool("vitest", ["run", ...reporters]) },
]);
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
