/**
 * Colours that people with any kind of colour vision can tell apart, and that are seen on white and on dark paper: close to those of Okabe & Ito 2008
 * (Color universal design) for things without an order, and viridis (van der Walt & Smith 2015) for things with one.
 */

export const INK = "currentColor";

/** For series without an order: blue, vermilion, green, purple, orange, sky blue, grey. */
export const SERIES = ["#1f7ac0", "#d55e00", "#009e73", "#b8619a", "#d98c00", "#3f9fd8", "#7a7a7a"] as const;

/** Colour of series number `index`; they repeat after seven. */
export const seriesColour = (index: number): string => SERIES[index % SERIES.length] ?? INK;

/** What a training run is drawn in. */
export const TRAIN = SERIES[0];
export const VALIDATION = SERIES[1];
export const GUIDE = SERIES[6];

/**
 * Colours for steps of the training, from early to late. The ends of viridis are left out, because dark violet is not seen on dark paper,
 * nor bright yellow on white.
 */
export const ORDERED = ["#5a3d94", "#3f5f9e", "#2f7f98", "#279c86", "#55b760", "#a8bf2f"] as const;

/** The colour at `share` (0 to 1) of the ordered colours, between two of them mixed. */
export function orderedColour(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (ORDERED.length - 1);
  const low = Math.min(Math.floor(place), ORDERED.length - 2);
  return mix(ORDERED[low] ?? INK, ORDERED[low + 1] ?? INK, place - low);
}

/** Two colours, "#rrggbb", mixed: `share` of the second. */
export function mix(first: string, second: string, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [a, b] = [first, second].map((colour) => Number.parseInt(colour.slice(at, at + 2), 16));
    return Math.round(a + (b - a) * share)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${channels.join("")}`;
}

/** For heat maps of values in (0, 1), from 0 to 1: viridis. */
export const SEQUENTIAL = [
  "#440154",
  "#46327e",
  "#365c8d",
  "#277f8e",
  "#1fa187",
  "#4ac16d",
  "#a0da39",
  "#fde725",
] as const;
/** For heat maps around zero: blue below, orange above, near white at zero. */
export const DIVERGING = ["#08519c", "#3f8fc5", "#a9cfe6", "#f5f5f2", "#f9c08a", "#e5791f", "#993d00"] as const;
