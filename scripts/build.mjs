// `npm run build`: builds every package into its dist folder.
import { runStages } from "./lib/stages.mjs";
import { build } from "./lib/steps.mjs";

const failed = await runStages([{ name: "build", run: build }]);
process.exitCode = failed.length === 0 ? 0 : 1;
