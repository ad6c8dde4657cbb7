/** What this engine's WebAssembly can do: vectors, which compiled code is made of, and relaxed SIMD, which precision "fast" needs to be what it says. */
import type { Precision } from "../codegen/lanes-target.js";
import { multiplyAddProbe } from "../codegen/module.js";
import { CompileError } from "../errors/errors.js";

/** Whether this engine fuses multiply and add; on by default in V8 from Node 22 on, in Node 20 with --experimental-wasm-relaxed-simd. */
export const hasRelaxedSimd = (): boolean => isThere() && WebAssembly.validate(multiplyAddProbe("fast"));

/** The precision that runs get: "reproducible" where the engine has nothing faster. */
export const grantedPrecision = (asked: Precision): Precision =>
  asked === "fast" && hasRelaxedSimd() ? "fast" : "reproducible";

const isThere = (): boolean => typeof WebAssembly !== "undefined";

const REFERENCE = 'executor: "reference" does without, slowly';

/** What keeps this engine from running compiled code, and what would help. */
function obstacle(): { readonly received: string; readonly hint: string } | undefined {
  if (!isThere())
    return {
      received: "no WebAssembly, as with Node's --jitless or in a browser's lockdown mode",
      hint: `allow it; ${REFERENCE}`,
    };
  const probe = multiplyAddProbe("reproducible");
  if (!WebAssembly.validate(probe))
    return {
      received: "WebAssembly without SIMD",
      hint: `Chrome 91, Firefox 89, Safari 16.4 and later have it; ${REFERENCE}`,
    };
  try {
    new WebAssembly.Module(probe);
  } catch (error) {
    return {
      received: error instanceof Error ? error.message : String(error),
      hint: `a Content-Security-Policy allows it by script-src 'wasm-unsafe-eval'; ${REFERENCE}`,
    };
  }
  return undefined;
}

/** Throws CompileError where this engine, or the page's policy, does not let compiled code run. */
export function checkEngine(graph: string): void {
  const found = obstacle();
  if (found === undefined) return;
  throw new CompileError([
    {
      code: "compile.engine",
      problem: "compiled code needs an engine that runs WebAssembly with SIMD",
      at: { kind: "value", name: `graph ${graph}` },
      ...found,
    },
  ]);
}
