// One file with Latchgrad's sources in it, so that Node 20 runs the bench as well; the peers stay as they are installed.
import { defineConfig } from "tsup";
import { eager } from "../tsup.base.ts";

export default defineConfig({
  entry: [
    "main.ts",
    "peers/node-step.ts",
    "linearize.ts",
    "trust/main.ts",
    "diagnostics.ts",
    "diagnoses.ts",
    "cold.ts",
    "browser.ts",
    "browser-node.ts",
    "untuned.ts",
  ],
  format: "esm",
  target: "es2022",
  platform: "node",
  clean: true,
  noExternal: [/^@latchgrad\//],
  external: [/^@tensorflow\//, /^@jax-js\//, "esbuild", "playwright-core"],
  // As the packages are built.
  plugins: [eager],
});
