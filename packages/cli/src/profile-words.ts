/** A profile of training steps in words: time by place in the document, and by what was computed together. */
import { formatProfileRows, type Origin, type Profile } from "@latchgrad/core";
import { libraryDocuments } from "@latchgrad/layers";
import type { Experiment } from "@latchgrad/optim";
import { experimentHeading } from "./describe-experiment.js";
import { formatPlural, formatTable } from "./format.js";

export interface ProfileWords {
  readonly experiment: Experiment;
  readonly profile: Profile;
  /** Rows of the second table, at most. */
  readonly most: number;
}

/** All of it as text. */
export function profileInWords({ experiment, profile, most }: ProfileWords): string {
  const { config } = experiment;
  // Origins of cells of the library are as if they stood in the document.
  const document = { ...config, cells: { ...libraryDocuments, ...config.cells } };
  const { runs, milliseconds, rows } = profile;
  const products = rows.filter(({ gigaflops }) => gigaflops !== undefined);
  const inProducts = sum(products, (row) => row.milliseconds);
  const work = sum(products, (row) => row.milliseconds * (row.gigaflops ?? 0));
  const perRun = (time: number): string => milli(time / Math.max(runs, 1));
  const sections = [
    experimentHeading(experiment),
    `a batch of ${formatPlural(config.training.batch, "example")} takes ${perRun(milliseconds)} ms, the mean of ${formatPlural(runs, "batch", "batches")} on one thread` +
      (inProducts === 0
        ? ""
        : `\nproducts of matrices: ${percent(inProducts / milliseconds)} of the time, at ${(work / inProducts).toFixed(1)} GFLOP/s`),
    `by place in the document\n${placesTable(document, profile)}`,
    `by what is computed together\n${formatProfileRows(profile, { most })}`,
  ];
  return `${sections.join("\n\n")}\n`;
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** Milliseconds to a microsecond, as few of them are one. */
const milli = (time: number): string => time.toFixed(3);

/** A place that time is told by: a layer, an equation, the loss; and in an equation its parts. */
interface Place {
  readonly title: string;
  readonly part: string | undefined;
}

/** Parts with less are left out: their sum is in the line above. */
const SMALLEST_PART = 0.005;

function placesTable(document: unknown, { origins, runs }: Profile): string {
  const groups = new Map<string, { milliseconds: number; share: number; readonly parts: string[][] }>();
  for (const { origin, milliseconds, share } of origins) {
    const { title, part } = placeOf(document, origin);
    const group = groups.get(title) ?? { milliseconds: 0, share: 0, parts: [] };
    group.milliseconds += milliseconds;
    group.share += share;
    if (part !== undefined && share >= SMALLEST_PART) group.parts.push(["", "", `  ${percent(share)}  ${part}`]);
    groups.set(title, group);
  }
  const rows = [...groups].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
  return formatTable(
    [
      ["share", "ms", ""],
      ...rows.flatMap(([title, { milliseconds, share, parts }]) => [
        [percent(share), milli(milliseconds / Math.max(runs, 1)), title],
        ...(parts.length > 1 ? parts : []),
      ]),
    ],
    [0, 1],
  ).trimEnd();
}

/** A pointer, and for equations the columns of a part, the first and the last of them. */
const ORIGIN = /^(?<pointer>.*?)(?::(?<first>\d+)-(?<last>\d+))?$/s;

function placeOf(document: unknown, origin: Origin | undefined): Place {
  if (origin === undefined) return { title: "results and state to their places", part: undefined };
  const { pointer = "", first, last } = ORIGIN.exec(origin)?.groups ?? {};
  const { words, value } = walk(document, pointer);
  if (first === undefined || typeof value !== "string") return { title: words.join(", "), part: undefined };
  return { title: `${words.slice(0, -1).join(", ")}: ${value}`, part: value.slice(Number(first) - 1, Number(last)) };
}

/** Keys that say nothing that their elements do not. */
const SILENT = new Set(["layers", "training", "equations"]);

/** What a pointer leads to, and how people call the way: elements of lists by their names, objects by key and type. */
function walk(document: unknown, pointer: string): { readonly words: readonly string[]; readonly value: unknown } {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  let value: unknown = document;
  let isList = false;
  const words: string[] = [];
  for (const [i, step] of steps.entries()) {
    value = childOf(value, step);
    if (steps[i - 1] === "cells") words.push(`cell ${step}`);
    else if (isList) words.push(nameOf(value, ["name", "type"]) ?? step);
    else if (!SILENT.has(step) && step !== "cells") words.push([step, nameOf(value, ["type"]) ?? []].flat().join(" "));
    isList = Array.isArray(value);
  }
  return { words, value };
}

const childOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

function nameOf(value: unknown, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const name = childOf(value, key);
    if (typeof name === "string") return name;
  }
  return undefined;
}
