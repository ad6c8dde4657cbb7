/** What a process asks of its JavaScript engine before the first graph is compiled. */
import { setFlagsFromString } from "node:v8";

/**
 * Lets the engine of Node 20 multiply and add with one rounding, which Node 22 and later do by themselves. Has to be called
 * before anything is compiled; workers of the process have it as well. Precision "reproducible" does not use it.
 */
export function roundOnceOnNode20(): void {
  if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
