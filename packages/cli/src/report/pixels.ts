/** Figures as PNG files, with a font of their own, so that every machine gives the same pixels. */
import { bundledFonts } from "../bundled-fonts.js";
import { figureFile, type Figure } from "./drawing.js";

/** Pixels for each unit of the drawing: enough for print in a column. */
const SCALE = 2;

/** Makes PNG files; what it needs is loaded once. */
export async function openPixels(): Promise<(figure: Figure) => Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  return (figure) =>
    new Resvg(figureFile(figure), {
      fitTo: { mode: "zoom", value: SCALE },
      background: "white",
      font: { fontFiles: [...bundledFonts()], loadSystemFonts: false, defaultFontFamily: "Inter" },
    })
      .render()
      .asPng();
}
