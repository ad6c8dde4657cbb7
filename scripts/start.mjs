// `npm start`: from a fresh checkout to a training run. `npm start -- my.json` trains another model.
import { join } from "node:path";
import { packageFolder, root } from "./lib/packages.mjs";
import { run } from "./lib/run.mjs";
import { runStages } from "./lib/stages.mjs";
import { build, install } from "./lib/steps.mjs";

const args = process.argv.slice(2);
const model = args.length > 0 ? args : ["packages/examples/models/adding-lstm.json"];

const failed = await runStages([
  { name: "install", run: install, needed: true },
  { name: "build", run: build, needed: true },
]);
if (failed.length > 0) process.exitCode = 1;
else {
  const main = join(packageFolder("cli"), "dist", "main.js");
  // Ctrl-C reaches the command as well, which saves the model and says so; until then this process has to stay.
  process.on("SIGINT", () => {});
  const { code } = await run(process.execPath, [main, "train", ...model], { cwd: root, show: true });
  process.exitCode = code;
}
