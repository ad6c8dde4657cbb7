/** JSON pointers (RFC 6901): how every config problem and every origin names its place. */

export type PointerStep = string | number;

const escapeStep = (step: PointerStep): string => String(step).replaceAll("~", "~0").replaceAll("/", "~1");

/** The pointer that leads from `base` along `steps`. */
export const joinPointer = (base: string, ...steps: readonly PointerStep[]): string =>
  base + steps.map((step) => `/${escapeStep(step)}`).join("");
