// `npm run check`: type-checks the whole repository.
import { checkTypes } from "./lib/checks.mjs";
import { runStages } from "./lib/stages.mjs";

const failed = await runStages([{ name: "types", run: checkTypes }]);
process.exitCode = failed.length === 0 ? 0 : 1;
