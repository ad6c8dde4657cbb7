/** What to change, in the words of the notation, where several places say the same. */
import type { Dim } from "../shape/dim.js";

/** For a name that means two things. */
export const ANOTHER_NAME = "give one of them another name";

/** For values of an example whose sizes do not meet. */
export const sizesHint = (x: readonly Dim[], y: readonly Dim[]): string =>
  x.length === 1 && y.length === 1
    ? `a weight W of shape [${String(x[0])}, ${String(y[0])}] brings the first to the size of the second: v @ W`
    : "reshape and transpose bring axes to where they meet; an axis of size 1 meets any";
