// `npm run packages:check`: checks the packages as they would be published. Needs a build.
import { checkPackages } from "./lib/checks.mjs";
import { runStages } from "./lib/stages.mjs";

const failed = await runStages([{ name: "packages", run: checkPackages }]);
process.exitCode = failed.length === 0 ? 0 : 1;
