/** Several runs as data: short names, the fields of their documents that differ, and their results. */
import { betterOf } from "@latchgrad/optim";
import { formatCount, formatNumber, formatTable } from "../format.js";
import { scoreAgainst } from "../result.js";
import { baselineOf, resultOf, valueOf, type RunData } from "./run-data.js";
import { stepsMade } from "./run-words.js";

/** A run with the name that it has in a comparison. */
export interface NamedRun {
  readonly name: string;
  readonly run: RunData;
}

/** Runs by the last part of their folder; where two are equal, by as many more parts as it takes. */
export function namedRuns(runs: readonly RunData[]): readonly NamedRun[] {
  const parts = runs.map(({ folder }) => folder.split(/[\\/]+/).filter((part) => part !== "" && part !== "."));
  const longest = Math.max(1, ...parts.map(({ length }) => length));
  for (let count = 1; count <= longest; count++) {
    const names = parts.map((path) => path.slice(-count).join("/"));
    if (new Set(names).size === names.length) return runs.map((run, i) => ({ name: names[i] ?? "", run }));
  }
  // The same folder twice.
  return runs.map((run, i) => ({ name: `${parts[i]?.join("/") ?? ""} (${i + 1})`, run }));
}

/** A field that is not the same in all documents: its place, and its value in each; undefined where there is none. */
export interface Difference {
  readonly field: string;
  readonly values: readonly unknown[];
}

/** The fields in which documents differ. Elements of lists go by their "name" where all of them have one, as in `--set`. */
export function differencesOf(documents: readonly unknown[]): readonly Difference[] {
  const flat = documents.map((document) => new Map(fieldsOf(document, "")));
  const fields = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  return fields.flatMap((field) => {
    const values = flat.map((map) => map.get(field));
    const texts = new Set(values.map((value) => JSON.stringify(value)));
    return texts.size > 1 ? [{ field, values }] : [];
  });
}

/** Every value of a document that holds no others, by its path. */
function fieldsOf(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  if (Array.isArray(value) && !value.every(hasName)) return [[path, value]];
  const entries = Array.isArray(value)
    ? value.filter(hasName).map((element) => [element.name, element] as const)
    : Object.entries(value);
  return entries.flatMap(([key, inner]) => fieldsOf(inner, path === "" ? key : `${path}.${key}`));
}

const hasName = (value: unknown): value is { readonly name: string } =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";

/** How a value of a document is shown in a table. */
export const formatField = (value: unknown): string =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

/** A row of results: what, and its value in each run. */
export interface ResultRow {
  readonly what: string;
  readonly values: readonly string[];
}

/** Steps, the latest loss and metrics, and how they compare with the baseline. */
export function resultRows(runs: readonly NamedRun[]): readonly ResultRow[] {
  const results = runs.map(({ run }) => resultOf(run));
  const measures = [
    ...new Set(results.flatMap((result) => (result === undefined ? [] : ["loss", ...Object.keys(result.metrics)]))),
  ];
  const rows: readonly ResultRow[] = [
    {
      what: "steps",
      values: runs.map(({ run }) => `${formatCount(stepsMade(run))}${run.end === undefined ? " so far" : ""}`),
    },
    ...measures.map((name) => ({
      what: name,
      values: results.map((result) => {
        const value = result === undefined ? undefined : valueOf(result, name);
        return value === undefined || result === undefined || Number.isNaN(value)
          ? "–"
          : `${formatNumber(value)} (${result.split})`;
      }),
    })),
    {
      what: "baseline",
      values: runs.map(({ run }) => {
        const baseline = baselineOf(run);
        return baseline === undefined ? "–" : `${baseline.metric} ${formatNumber(baseline.value)}`;
      }),
    },
    {
      what: "the model is",
      values: runs.map(({ run }, i) => {
        const [baseline, result] = [baselineOf(run), results[i]];
        return baseline === undefined || result === undefined
          ? "–"
          : scoreAgainst(valueOf(result, baseline.metric), baseline.value, betterOf(run.experiment, baseline.metric));
      }),
    },
  ];
  return rows.filter(({ values }) => values.some((value) => value !== "–"));
}

/** What could not be read, or is not as it was written, by run. */
export const remarksOf = (runs: readonly NamedRun[]): readonly string[] =>
  runs.flatMap(({ name, run }) => run.remarks.map((remark) => `${name}: ${remark}`));

/** The comparison as text: a table of what differs, and one of what came of it. */
export function printComparison(runs: readonly NamedRun[]): string {
  const names = runs.map(({ name }) => name);
  const differences = differencesOf(runs.map(({ run }) => run.experiment.config));
  const settings =
    differences.length === 0
      ? "the documents are the same\n"
      : formatTable([
          ["differs in", ...names],
          ...differences.map(({ field, values }) => [field, ...values.map(formatField)]),
        ]);
  const results = formatTable([["result", ...names], ...resultRows(runs).map(({ what, values }) => [what, ...values])]);
  const remarks = remarksOf(runs).map((remark) => `${remark}\n`);
  return `${remarks.join("")}${settings}\n${results}`;
}
