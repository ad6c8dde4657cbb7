/** How many bytes a page loads for what it imports: bundled and minified by esbuild, from the packages as they are published. */
import { gzipSync } from "node:zlib";
import { bundle } from "../../test/engines/bundle.ts";
import type { Bundle } from "./results.ts";

const IMPORTS: Readonly<Record<string, string>> = {
  "graph.js": "`buildGraph`, `gradient` and `compile` of core",
  "core.js": "all of core",
  "training.js": "`readExperiment` and `train` of optim, with all cells, layers, optimizers and tasks",
  "all.js": "all of core, layers and optim",
};

export async function measureBundles(): Promise<readonly Bundle[]> {
  const scripts = Object.keys(IMPORTS).map((name) => `bench/browser/bundles/${name.replace(".js", ".ts")}`);
  const texts = await bundle("browser", scripts, "published");
  return Object.entries(IMPORTS).map(([name, imports]) => {
    const bytes = Buffer.from(texts.get(name) ?? "");
    return { imports, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  });
}
