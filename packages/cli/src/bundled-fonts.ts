/** The fonts that come with this package, for drawings that become pixels. */
import { fileURLToPath } from "node:url";

/** Paths of Inter in two weights; they lie above src and dist alike. */
export const bundledFonts = (): readonly string[] =>
  ["Inter-Regular.ttf", "Inter-SemiBold.ttf"].map((name) =>
    fileURLToPath(new URL(`../fonts/${name}`, import.meta.url)),
  );
