/** How our step is compiled, by the name that it has in Node and in browsers alike. */
import type { CompileOptions } from "@latchgrad/core";

export const VARIANTS = {
  fast: {},
  "fast, 2 threads": { threads: 2 },
  reproducible: { precision: "reproducible" },
  "reproducible, 2 threads": { precision: "reproducible", threads: 2 },
} as const satisfies Readonly<Record<string, Pick<CompileOptions, "precision" | "threads">>>;

export type Variant = keyof typeof VARIANTS;
export const variantNames = Object.keys(VARIANTS) as readonly Variant[];
