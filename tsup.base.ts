// How every package is built: one ESM bundle with types and source maps. Packages only choose where they run.
import { existsSync } from "node:fs";
import { defineConfig, type Options } from "tsup";

const build = (platform: NonNullable<Options["platform"]>): ReturnType<typeof defineConfig> =>
  defineConfig({
    // index.ts is the library; main.ts, where it exists, is the command. Paths are relative to the package.
    entry: ["src/index.ts", "src/main.ts"].filter((file) => existsSync(file)),
    format: "esm",
    target: "es2022",
    platform,
    // The types of other packages come from their dist, as a user's do; `paths` would pull their sources in.
    dts: { compilerOptions: { paths: {} } },
    sourcemap: true,
    clean: true,
    silent: true,
    removeNodeProtocol: false,
    external: [/^node:/],
  });

export const portable = build("neutral");
export const node = build("node");
