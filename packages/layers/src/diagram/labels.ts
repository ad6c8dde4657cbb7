/** Names as pictures write them, and how wide they are. */

const SIGNS: Readonly<Record<string, string>> = { sigmoid: "σ" };
const LOW = "₀₁₂₃₄₅₆₇₈₉";

/** "c'" as "c′", "n_2" as "n₂", the sigmoid as "σ". */
export const shortLabel = (label: string): string =>
  Object.hasOwn(SIGNS, label)
    ? SIGNS[label]
    : label
        .replace(/'/g, "′")
        .replace(/_(\d+)$/, (_, digits: string) => [...digits].map((digit) => LOW[Number(digit)]).join(""));

/** About the width of a text in pixels, in a font without serifs. There is no font to ask. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text)
    width += /[iljt.,'′|()[\] ]/.test(letter)
      ? 0.34
      : /[mwMW@]/.test(letter)
        ? 0.88
        : /[A-Z]/.test(letter)
          ? 0.68
          : 0.57;
  return width * size;
}
