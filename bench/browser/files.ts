/** The files of the bench's pages: scripts with the packages as they are published, and what tfjs loads. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundle } from "../../test/engines/bundle.ts";

const SCRIPTS = ["page", "steps", "steps-worker", "peer-worker", "first", "first-worker"];
const TFJS_MODULES = ["tfjs-backend-wasm", "tfjs-backend-wasm-simd", "tfjs-backend-wasm-threaded-simd"];

export async function pageFiles(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const scripts = await bundle(
    "browser",
    SCRIPTS.map((name) => `bench/browser/${name}.ts`),
    "published",
  );
  const tfjs = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
  const modules = await Promise.all(
    TFJS_MODULES.map(
      async (name) => [`${name}.wasm`, await readFile(join(dirname(tfjs), "dist", `${name}.wasm`))] as const,
    ),
  );
  return new Map<string, string | Uint8Array>([...scripts, ...modules]);
}
