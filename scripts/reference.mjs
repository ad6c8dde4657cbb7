// `npm run reference`: writes anew what is made from the sources: docs/ops.md, docs/errors.md, docs/config.md,
// docs/functions.md, docs/cells.md, the published JSON Schemas, the parser of equations and the index of the library of cells. The tests that hold them
// against the sources know how they are made, so they are also what writes them.
import { tool } from "./lib/run.mjs";

const tests = [
  "test/reference.test.ts",
  "packages/core/test/notation/grammar.test.ts",
  "packages/layers/test/cells/library-index.test.ts",
  "packages/layers/test/mapping-schema.test.ts",
  "packages/layers/test/schema.test.ts",
  "packages/optim/test/schema.test.ts",
];

process.env["BLESS"] = "1";
const { code } = await tool("vitest", ["run", ...tests, "--update"], { show: true });
process.exitCode = code;
