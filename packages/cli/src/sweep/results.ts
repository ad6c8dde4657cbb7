/** The results of a sweep: a row per trial, means over seeds, the best setting, as tables for people and for programs. */
import { canonicalJson, type SweepConfig, type Trial } from "@latchgrad/optim";
import Papa from "papaparse";
import { formatNumber, formatPlural, formatTable } from "../format.js";
import { groupsBy } from "../groups.js";
import { shortNames, type SweepOutcome } from "../report/sweep-figures.js";
import type { SweepSummary } from "../report/sweep-page.js";
import type { TrialResult } from "./trial-result.js";

/** A trial, and what came of it; undefined: nothing yet. */
export interface TrialRow {
  readonly trial: Trial;
  readonly result: TrialResult | undefined;
}

/** The trials with equal settings but for the seed. */
export interface SettingRow {
  readonly settings: Trial["settings"];
  readonly trials: readonly TrialRow[];
  /** Values of what the sweep ranks by, of the trials that are done. */
  readonly values: readonly number[];
  /** NaN where there is none. */
  readonly mean: number;
  /** Of the values around their mean, with n - 1; 0 for one value. */
  readonly deviation: number;
}

type Side = "lower" | "higher";

const SPLIT_ORDER = ["train", "validation", "test"] as const;

/** The value that a sweep ranks a trial by. */
export const valueOf = ({ result }: TrialRow, { metric, split }: SweepConfig["rank"]): number | undefined =>
  result?.state === "done" ? result.scores[split][metric] : undefined;

/** Settings, the best first; those without a result last, and at equal means in the order of the sweep. */
export function settingRows(rows: readonly TrialRow[], rank: SweepConfig["rank"], side: Side): readonly SettingRow[] {
  const keyOf = ({ trial }: TrialRow): string => canonicalJson(trial.settings.map(({ path, value }) => [path, value]));
  const groups = groupsBy(rows, keyOf).map((trials): SettingRow => {
    const values = trials.flatMap((row) => valueOf(row, rank) ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
    const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
    return { settings: trials[0].trial.settings, trials, values, mean, deviation };
  });
  const order = ({ mean }: SettingRow): number => (Number.isNaN(mean) ? Infinity : side === "lower" ? mean : -mean);
  return groups.toSorted((a, b) => compare(order(a), order(b)));
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

const formatValue = (value: unknown): string =>
  typeof value === "number"
    ? Number.isInteger(value)
      ? String(value)
      : formatNumber(value)
    : typeof value === "string"
      ? value
      : JSON.stringify(value);

const MOST_SHOWN = 50;

/** A table of the settings, the best first. */
interface SettingTable {
  /** The first row has the headings. */
  readonly rows: readonly (readonly string[])[];
  /** Columns with numbers. */
  readonly right: readonly number[];
  /** Settings that the table has no room for. */
  readonly left: number;
}

function settingTable(groups: readonly SettingRow[], rank: SweepConfig["rank"]): SettingTable {
  const names = shortNames(groups[0]?.settings.map(({ path }) => path) ?? []);
  const hasSeeds = groups.some(({ trials }) => trials.length > 1);
  const header = [
    ...names,
    `${rank.split} ${rank.metric}`,
    ...(hasSeeds ? ["deviation", "seeds"] : []),
    ...(rank.split === "test" ? [] : [`test ${rank.metric}`]),
    "trials",
  ];
  const body = groups
    .slice(0, MOST_SHOWN)
    .map((group) => [
      ...group.settings.map(({ value }) => formatValue(value)),
      group.values.length === 0 ? "-" : formatNumber(group.mean),
      ...(hasSeeds ? [group.values.length < 2 ? "-" : formatNumber(group.deviation), String(group.values.length)] : []),
      ...(rank.split === "test" ? [] : [formatTest(group, rank.metric)]),
      stateOf(group),
    ]);
  return {
    rows: [header, ...body],
    right: header.map((_, i) => i).slice(names.length, -1),
    left: groups.length - body.length,
  };
}

/** The table that a person sees, and the best of all. */
export function formatResults(
  rows: readonly TrialRow[],
  { rank }: SweepConfig,
  side: Side,
  folderOf: (id: string) => string,
): string {
  const groups = settingRows(rows, rank, side);
  const { rows: table, right, left } = settingTable(groups, rank);
  const more = left > 0 ? `and ${formatPlural(left, "setting")} more\n` : "";
  return `${formatTable(table, right)}${more}${formatBest(groups, rank, side, folderOf)}`;
}

/** The same for a page, with what its figures are drawn from. Folders are relative to that of the sweep, so that the page is the same wherever it is. */
export function sweepSummary(
  rows: readonly TrialRow[],
  { name, rank }: SweepConfig,
  side: Side,
  folderOf: (id: string) => string,
): SweepSummary {
  const groups = settingRows(rows, rank, side);
  const { rows: table, right } = settingTable(groups, rank);
  const outcome: SweepOutcome = {
    measure: `${rank.split} ${rank.metric}`,
    better: side,
    trials: rows.map((row) => ({
      settings: Object.fromEntries(row.trial.settings.map(({ path, value }) => [path, value])),
      value: valueOf(row, rank),
    })),
  };
  return { name, table, right, best: formatBest(groups, rank, side, folderOf), outcome };
}

function formatTest({ trials }: SettingRow, metric: string): string {
  const values = trials.flatMap(({ result }) => (result?.state === "done" ? result.scores.test[metric] : []));
  return values.length === 0 ? "-" : formatNumber(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function stateOf({ trials }: SettingRow): string {
  const failed = trials.filter(({ result }) => result?.state === "failed").length;
  const open = trials.filter(({ result }) => result === undefined).length;
  const parts = [failed > 0 ? `${failed} failed` : "", open > 0 ? `${open} to do` : ""].filter((part) => part !== "");
  return parts.length === 0 ? "done" : parts.join(", ");
}

function formatBest(
  groups: readonly SettingRow[],
  rank: SweepConfig["rank"],
  side: Side,
  folderOf: (id: string) => string,
): string {
  const best = groups.find(({ values }) => values.length > 0);
  if (best === undefined) return "";
  const valued = best.trials.flatMap((row) => {
    const value = valueOf(row, rank);
    return value === undefined ? [] : [{ id: row.trial.id, value }];
  });
  const [first] = valued.toSorted((a, b) => (side === "lower" ? a.value - b.value : b.value - a.value));
  const names = shortNames(best.settings.map(({ path }) => path));
  const settings = best.settings.map(({ value }, i) => `${names[i]} ${formatValue(value)}`).join(", ");
  const spread = best.values.length > 1 ? `, the mean of ${best.values.length} seeds` : "";
  return (
    `\nbest ${rank.split} ${rank.metric}: ${formatNumber(best.mean)}${spread}${settings === "" ? "" : `, with ${settings}`}\n` +
    `its best trial is ${first.id}, with ${formatNumber(first.value)}: ${folderOf(first.id)}\n`
  );
}

/** results.csv and results.jsonl: a row per trial in the order of the sweep. Nothing in them depends on when and how the trials were run. */
export function resultFiles(rows: readonly TrialRow[]): Readonly<Record<string, string>> {
  const records = rows.map(recordOf);
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const table = records.map((record) =>
    columns.map((column) => {
      const value = record[column];
      return typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? "");
    }),
  );
  return {
    "results.csv": `${Papa.unparse([columns, ...table], { newline: "\n" })}\n`,
    "results.jsonl": records.map((record) => `${JSON.stringify(record)}\n`).join(""),
  };
}

function recordOf({ trial: { id, settings, seed }, result }: TrialRow): Readonly<Record<string, unknown>> {
  const scores =
    result?.state === "done"
      ? SPLIT_ORDER.flatMap((split) =>
          Object.entries(result.scores[split]).map(([name, value]) => [`${split}.${name}`, value] as const),
        )
      : [];
  return {
    id,
    ...Object.fromEntries(settings.map(({ path, value }) => [path, value])),
    ...(seed === undefined ? {} : { seed }),
    state: result?.state ?? "open",
    ...(result?.state === "done" ? { step: result.step, modelStep: result.modelStep } : {}),
    ...Object.fromEntries(scores),
    ...(result?.state === "failed" ? { error: result.error.split("\n").slice(0, 3).join(" ") } : {}),
  };
}
