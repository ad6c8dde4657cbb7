/** Scripts as a bundler makes them: the packages and all that they depend on in one file each. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../../scripts/lib/packages.mjs";

/** The text of each, by the name of its file. */
export async function bundle(
  platform: "browser" | "node",
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir: root,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    target: "es2022",
    alias: Object.fromEntries(
      ["core", "layers", "optim"].map((name) => [`@latchgrad/${name}`, `${root}/packages/${name}/src/index.ts`]),
    ),
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, text }) => [path.replace(/^.*[\\/]/, ""), text]));
}
