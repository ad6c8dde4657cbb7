/** Numbers, times and tables as people read them. */

/** About `digits` significant digits, without the exponents that scare: 0.0041, 12.3, 1,473; tiny ones keep theirs. */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -4) return value.toExponential(digits - 1);
  return Math.abs(value) >= 1000 ? formatCount(Math.round(value)) : value.toFixed(Math.max(0, digits - 1 - magnitude));
}

/** A whole number with commas between thousands, whatever the machine's language. */
export const formatCount = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** A count and its noun: "1 step", "2 steps", "3 batches". */
export const formatPlural = (count: number, noun: string, plural = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : plural}`;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time in its two largest units: "0.4 s", "41 s", "2 min 5 s", "3 h 12 min", "2 d 4 h". */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  const minutes = Math.round(whole / MINUTE);
  if (minutes < DAY / MINUTE) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(whole / HOUR);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A bar of `width` characters, filled from the left as far as `share` (0 to 1) says. */
export function formatBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

const LEVELS = "▁▂▃▄▅▆▇█";

/** Values as a row of blocks, the lowest at the bottom and the highest at the top; those that are not finite leave a gap. */
export function formatSparkline(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  const lowest = Math.min(...finite);
  const range = Math.max(...finite) - lowest;
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      return LEVELS[range === 0 ? 0 : Math.round(((value - lowest) / range) * (LEVELS.length - 1))];
    })
    .join("");
}

/** Rows as aligned columns, two spaces apart; those named in `right` are aligned to the right. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join("");
}

/** Settings of a config in one line, the type first: "adam, learningRate 0.01, beta1 0.9". */
export function formatSettings(settings: object): string {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(settings);
  return entries
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => (key === "type" ? formatSetting(value) : `${key} ${formatSetting(value)}`))
    .join(", ");
}

function formatSetting(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(formatSetting).join(" ");
  return typeof value === "object" && value !== null ? `(${formatSettings(value)})` : JSON.stringify(value);
}
