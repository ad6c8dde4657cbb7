/** Series of numbers prepared for drawing: thinned, smoothed, and with axes that are read easily. */
import { formatCount } from "../format.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A stretch of a long series: its mean, and the least and greatest value in it. */
export interface Band extends Point {
  readonly low: number;
  readonly high: number;
}

/** The finite points of two columns. */
export function pointsOf(xs: readonly number[], ys: readonly number[]): readonly Point[] {
  const points: Point[] = [];
  xs.forEach((x, i) => {
    const y = ys[i] ?? Number.NaN;
    if (Number.isFinite(x) && Number.isFinite(y)) points.push({ x, y });
  });
  return points;
}

/** More points than this are not seen apart in the width of a figure. */
export const MOST_POINTS = 400;

/** At most `most` stretches of equally many points, each with its mean and its extremes; their mean x is their place. */
export function thinned(points: readonly Point[], most = MOST_POINTS): readonly Band[] {
  const size = Math.max(1, Math.ceil(points.length / most));
  const bands: Band[] = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size);
    const ys = part.map(({ y }) => y);
    bands.push({
      x: mean(part.map(({ x }) => x)),
      y: mean(ys),
      low: ys.reduce((a, b) => Math.min(a, b)),
      high: ys.reduce((a, b) => Math.max(a, b)),
    });
  }
  return bands;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Share of a series that a point of the smoothed one is the mean of. */
const WINDOW_SHARE = 0.03;

/** The number of points that a smoothed point is the mean of. */
export const windowOf = (count: number): number => Math.max(1, Math.round(count * WINDOW_SHARE));

/** Running means over as many points before and behind; windows are smaller at the ends. */
export function smoothed(points: readonly Point[], window = windowOf(points.length)): readonly Point[] {
  const half = Math.floor(window / 2);
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) ?? 0) + y);
  return points.map(({ x }, i) => {
    // As far to one side as to the other, so that a slope is not bent at the ends.
    const reach = Math.min(half, i, points.length - 1 - i);
    return { x, y: ((sums[i + reach + 1] ?? 0) - (sums[i - reach] ?? 0)) / (2 * reach + 1) };
  });
}

/** From this ratio of greatest to least on, a logarithmic axis shows more. */
const LOG_RATIO = 20;

/** Whether values are shown better on a logarithmic axis: all above zero, and over more than an order of magnitude. */
export function prefersLog(values: readonly number[]): boolean {
  const [low, high] = extent(values);
  return low > 0 && high / low > LOG_RATIO;
}

/** Least and greatest of the finite values; [0, 1] where there are none. */
export function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values)
    if (Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return low <= high ? [low, high] : [0, 1];
}

/** Powers of ten within a range, thinned to at most `most`; with 2 and 5 between them where there are few. */
export function logTicks([low, high]: readonly [number, number], most = 7): readonly number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const within = (value: number): boolean => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const every = Math.max(1, Math.ceil(powers.length / most));
  // Counted from 10^0, so that the same powers are marked in figures that stand beside each other.
  const whole = powers.filter((power) => power % every === 0).map((power) => Number(`1e${power}`));
  if (whole.filter(within).length > 2) return whole.filter(within);
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`))).filter(within);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number beside an axis: 0.001, 1,500, 10⁻⁶, 2×10⁻⁷. */
export function formatTick(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return size >= 1000 ? formatCount(value) : String(Number(value.toPrecision(6)));
  const [digits = "", exponent = ""] = Number(value.toPrecision(3)).toExponential().split("e");
  const power = `10${[...exponent.replace("+", "")].map((sign) => (sign === "-" ? "⁻" : SUPERSCRIPTS[Number(sign)])).join("")}`;
  return digits === "1" ? power : `${digits}×${power}`;
}

/** Up to `most` of the values, the first and the last among them, evenly chosen. */
export function evenly<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values;
  const chosen = Array.from({ length: most }, (_, i) => Math.round((i * (values.length - 1)) / (most - 1)));
  return chosen.flatMap((index) => values.slice(index, index + 1));
}
