/** Whether this engine has relaxed SIMD, which precision "fast" needs to be what it says. */
import type { Precision } from "../codegen/lanes-target.js";
import { relaxedSimdProbe } from "../codegen/module.js";

/** Whether this engine fuses multiply and add; on by default in V8 from Node 22 on, in Node 20 with --experimental-wasm-relaxed-simd. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedSimdProbe());

/** The precision that runs get: "reproducible" where the engine has nothing faster. */
export const grantedPrecision = (asked: Precision): Precision =>
  asked === "fast" && hasRelaxedSimd() ? "fast" : "reproducible";
