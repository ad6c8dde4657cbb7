// How every package is built: one ESM bundle with types and source maps. Packages only choose where they run.
import type { SourceMapInput } from "@jridgewell/remapping";
import { existsSync } from "node:fs";
import { defineConfig, type Options } from "tsup";
import { compiledAtLoading } from "./compiled-at-loading.ts";

/** Functions are compiled when they are loaded: decision 0078. Of the command's own, a process calls few. */
export const eager: NonNullable<Options["plugins"]>[number] = {
  name: "compiled-at-loading",
  renderChunk(_, chunk) {
    // A map that is returned would be put together by tsup, which leaves the path of this machine in it.
    Object.assign(chunk, compiledAtLoading(chunk.code, chunk.map as SourceMapInput | null));
  },
};

const build = (
  platform: NonNullable<Options["platform"]>,
  plugins: NonNullable<Options["plugins"]>,
): ReturnType<typeof defineConfig> =>
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
    plugins,
  });

export const portable = build("neutral", [eager]);
export const node = build("node", []);
