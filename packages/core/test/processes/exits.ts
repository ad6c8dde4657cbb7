/** Calls process.exit while an executable is being compiled for a second set of sizes. */
import { compile } from "../../src/index.js";
import { inputs, layer, state } from "./layer.js";

const executable = await compile(layer(), { threads: 3, state: state() });
await executable.run(inputs());
console.log(`ran on ${executable.threads} threads`);
void executable.run(inputs());
setTimeout(() => {
  process.exit(7);
});
