/** Runs on several threads and ends without dispose. */
import { compile } from "../../src/index.js";
import { inputs, layer, state } from "./layer.js";

const executable = await compile(layer(), { threads: 3, state: state() });
for (let i = 0; i < 20; i++) await executable.run(inputs());
console.log(`ran on ${executable.threads} threads`);
