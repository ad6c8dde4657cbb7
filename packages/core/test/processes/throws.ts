/** Throws between two runs on several threads. */
import { compile } from "../../src/index.js";
import { inputs, layer, state } from "./layer.js";

const executable = await compile(layer(), { threads: 3, state: state() });
await executable.run(inputs());
console.log(`ran on ${executable.threads} threads`);
throw new Error("thrown on purpose");
