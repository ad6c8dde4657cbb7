/** Starts threads and ends without a run. */
import { compile } from "../../src/index.js";
import { layer, state } from "./layer.js";

const { threads } = await compile(layer(), { threads: 3, state: state() });
console.log(`ran on ${threads} threads`);
