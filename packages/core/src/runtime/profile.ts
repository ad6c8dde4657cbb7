/** Profiles: what runs spent their time on, per node and per origin, as data and as a table. */
import type { Origin } from "../ir/graph.js";
import type { Recorded, RecordedPart } from "./recorder.js";

export interface ProfiledNode {
  readonly name: string;
  readonly op: string;
  readonly origin?: Origin | undefined;
}

/** What was computed together: one node, or elementwise nodes that became one loop over elements. */
export interface ProfileRow {
  /** Empty for what brings results and state to their places. */
  readonly nodes: readonly ProfiledNode[];
  /** Names of the loops and branches around, the outermost first. */
  readonly within: readonly string[];
  /** Of all runs. */
  readonly milliseconds: number;
  /** Part of all time, from 0 to 1. */
  readonly share: number;
  /** Kernels executed in all runs. */
  readonly calls: number;
  /** Billions of multiplications and additions per second; only for matrix products. */
  readonly gigaflops?: number | undefined;
}

export interface ProfileOrigin {
  /** JSON pointer; absent for nodes without one. */
  readonly origin?: Origin | undefined;
  readonly milliseconds: number;
  readonly share: number;
}

/** Times of all runs together, the longest first. */
export interface Profile {
  readonly runs: number;
  /** In the modules, from their beginning to their end; what copies inputs in and outputs out is not part of it. */
  readonly milliseconds: number;
  readonly rows: readonly ProfileRow[];
  /** The time of nodes that were computed together is divided evenly among them. */
  readonly origins: readonly ProfileOrigin[];
}

/** Collects the times of the executables that were compiled with it. */
export interface Profiler {
  read(): Profile;
  /** Forgets what was measured so far, for example while the engine was still warming up. */
  reset(): void;
  /** For `compile`: takes what is being recorded of one module, to be read with the others. */
  collect(recorded: Recorded): void;
}

/** For the option `profile` of `compile`. */
export function makeProfiler(): Profiler {
  const all: Recorded[] = [];
  return {
    read: () => profileOf(all),
    reset() {
      for (const recorded of all) {
        Object.assign(recorded, { runs: 0, milliseconds: 0 });
        for (const part of recorded.parts) Object.assign(part, { milliseconds: 0, calls: 0, flops: 0 });
      }
    },
    collect(recorded) {
      all.push(recorded);
    },
  };
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

function profileOf(recorded: readonly Recorded[]): Profile {
  const milliseconds = sum(recorded, (each) => each.milliseconds);
  const shareOf = (part: number): number => (milliseconds === 0 ? 0 : part / milliseconds);
  const merged = mergeParts(recorded.flatMap(({ parts }) => parts)).filter(({ calls }) => calls > 0);
  const rows = merged.map(({ nodes, within, calls, flops, ...part }): ProfileRow => ({
    nodes: nodes.map(({ names, op, origin }) => ({ name: names[0], op, origin })),
    within,
    milliseconds: part.milliseconds,
    share: shareOf(part.milliseconds),
    calls,
    gigaflops: flops === 0 ? undefined : flops / part.milliseconds / 1e6,
  }));
  const byOrigin = new Map<Origin | undefined, number>();
  for (const { nodes, milliseconds: time } of merged) {
    const origins = nodes.length === 0 ? [undefined] : nodes.map(({ origin }) => origin);
    for (const origin of origins) byOrigin.set(origin, (byOrigin.get(origin) ?? 0) + time / origins.length);
  }
  const origins = [...byOrigin].map(([origin, time]) => ({ origin, milliseconds: time, share: shareOf(time) }));
  const longestFirst = (a: { readonly milliseconds: number }, b: { readonly milliseconds: number }): number =>
    b.milliseconds - a.milliseconds;
  return {
    runs: sum(recorded, (each) => each.runs),
    milliseconds,
    rows: rows.sort(longestFirst),
    origins: origins.sort(longestFirst),
  };
}

/** The same nodes for several sizes are one row. */
function mergeParts(parts: readonly RecordedPart[]): readonly RecordedPart[] {
  const merged = new Map<string, RecordedPart>();
  for (const part of parts) {
    const key = JSON.stringify([part.within, part.nodes.map(({ names }) => names)]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...part });
    else
      Object.assign(known, {
        milliseconds: known.milliseconds + part.milliseconds,
        calls: known.calls + part.calls,
        flops: known.flops + part.flops,
      });
  }
  return [...merged.values()];
}

/** Names of nodes in one row of the table. */
const NAMED_NODES = 3;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const perRun = (time: number, { runs }: Profile): string => (time / Math.max(runs, 1)).toFixed(4);

export interface ProfileFormat {
  /** Rows at most; the others are added up in one. Default 30. */
  readonly most?: number | undefined;
}

/** A table for people: time per row, then per origin. */
export function formatProfile(profile: Profile, format: ProfileFormat = {}): string {
  const { runs, milliseconds, origins } = profile;
  return [
    `${runs} runs, ${perRun(milliseconds, profile)} ms each`,
    "",
    formatProfileRows(profile, format),
    "",
    ...table(
      ["share", "ms/run", "origin"],
      origins.map(({ share, milliseconds: time, origin }) => [percent(share), perRun(time, profile), origin ?? "none"]),
      2,
    ),
  ].join("\n");
}

/** The first part of the table: time per row. */
export function formatProfileRows(profile: Profile, { most = 30 }: ProfileFormat = {}): string {
  const { runs, rows } = profile;
  const callsPerRun = (calls: number): string => String(Math.round((10 * calls) / Math.max(runs, 1)) / 10);
  const shown = rows.slice(0, most);
  const rest = rows.slice(most);
  const others: readonly (readonly string[])[] =
    rest.length === 0
      ? []
      : [
          [
            percent(sum(rest, ({ share }) => share)),
            perRun(
              sum(rest, (row) => row.milliseconds),
              profile,
            ),
            callsPerRun(sum(rest, ({ calls }) => calls)),
            "",
            `${rest.length} more`,
            "",
          ],
        ];
  return table(
    ["share", "ms/run", "calls/run", "GFLOP/s", "node", "origin"],
    [
      ...shown.map((row) => [
        percent(row.share),
        perRun(row.milliseconds, profile),
        callsPerRun(row.calls),
        row.gigaflops?.toFixed(1) ?? "",
        nodeText(row),
        originText(row),
      ]),
      ...others,
    ],
    4,
  ).join("\n");
}

/** The origins of a row; of several in one equation only the equation. */
function originText({ nodes }: ProfileRow): string {
  const origins = [...new Set(nodes.flatMap(({ origin }) => origin ?? []))];
  const places = new Map<string, Origin>();
  for (const origin of origins) {
    const place = origin.replace(/:\d+-\d+$/, "");
    places.set(place, places.has(place) ? place : origin);
  }
  return [...places.values()].join(" ");
}

function nodeText({ nodes, within }: ProfileRow): string {
  if (nodes.length === 0) return "results and state to their places";
  const names = nodes.slice(0, NAMED_NODES).map(({ name, op }) => (name.startsWith(op) ? name : `${name} (${op})`));
  const more = nodes.length > NAMED_NODES ? [`${nodes.length - NAMED_NODES} more`] : [];
  return [...within.map((name) => `${name}/`), [...names, ...more].join(", ")].join("");
}

/** Columns as wide as their longest cell; the first `numbers` of them to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], numbers: number): readonly string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => (i < numbers ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}
