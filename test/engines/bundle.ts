/** Scripts as a bundler makes them: the packages and all that they depend on in one file each. */
import { basename, join } from "node:path";
import { build } from "esbuild";
import { packageFolder, portablePackages, root } from "../../scripts/lib/packages.mjs";

/** From their sources, or as they are published, which needs a build. */
const ENTRIES = { sources: "src/index.ts", published: "dist/index.js" } as const;

/** The text of each, by the name of its file; scripts are named from the root of the repository. */
export async function bundle(
  platform: "browser" | "node",
  scripts: readonly string[],
  packages: keyof typeof ENTRIES = "sources",
): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: scripts.map((script) => join(root, script)),
    outdir: root,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    target: "es2022",
    alias: Object.fromEntries(
      portablePackages.map((name) => [`@latchgrad/${name}`, join(packageFolder(name), ENTRIES[packages])]),
    ),
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}
