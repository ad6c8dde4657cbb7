/**
 * The sequences of data files: an index of where each of them stands, made in one pass that also checks every row and fits
 * what is to be fitted; then any of them can be read again when a batch needs it.
 */
import { ConfigError } from "@latchgrad/core";
import type { Seed } from "@latchgrad/layers";
import { randomAt } from "../tasks/random.js";
import { watchTargets } from "./baselines.js";
import type { Baseline, Split } from "./batch.js";
import type { DataContext } from "./context.js";
import { makeCache } from "./cache.js";
import { watchClasses } from "./class-watch.js";
import type { Columns } from "./columns.js";
import { openDataFile, type DataFile, type FormatOptions, type RowPlace } from "./data-file.js";
import { encodersOf, type EncodedSteps } from "./encode.js";
import { checkFitted, fitOf, FITTED_FORMAT } from "./fitted.js";
import { namedFiles, openNamed, type FilesConfig } from "./open-files.js";
import { changedError, collectProblems, type BadRows } from "./problems.js";
import { sequencesIn, type RawSequence, type SequenceOptions } from "./read-values.js";
import type { TaskData } from "./task-data.js";

/** Bytes of sequences that are kept in memory, 64 Mi: most data fit, and are read once. */
const CACHE_BYTES = 2 ** 26;

export interface SequencePlan {
  readonly files: FilesConfig;
  readonly format: FormatOptions;
  readonly columns: Columns;
  readonly isPerRow: boolean;
  readonly longest: number;
  readonly badRows: BadRows;
  /** Shares of the sequences, where files do not say it. */
  readonly shares: { readonly validation: number; readonly test: number };
}

/** A sequence in the index. */
export interface IndexedSequence {
  readonly steps: number;
}

export interface SequenceStore {
  readonly parts: Readonly<Record<Split, readonly IndexedSequence[]>>;
  /** Sequence `number` of a part. */
  read(split: Split, number: number): Promise<EncodedSteps>;
  baselines(split: Split): readonly Baseline[];
  readonly data: TaskData;
}

interface Place {
  readonly file: number;
  readonly from: RowPlace;
  readonly to: number;
  readonly steps: number;
  /** Over all parts. */
  readonly number: number;
}

/** Throws ConfigError and DataError. */
export async function openSequences(plan: SequencePlan, context: DataContext): Promise<SequenceStore> {
  const { columns, isPerRow, longest, shares } = plan;
  const { slots, wanted } = columns;
  const options: SequenceOptions = { slots, dtype: context.dtype, isPerRow, hasId: isPerRow, longest };
  const parts: Record<Split, Place[]> = { train: [], validation: [], test: [] };
  const problems = collectProblems(plan.badRows);
  const fits = slots.map(fitOf);
  const classes = watchClasses(slots);
  const targets = watchTargets(slots);
  const files: DataFile[] = [];
  const seen = new Set<string>();
  let number = 0;
  for (const named of namedFiles(plan.files)) {
    const file = await openDataFile(named.path, await openNamed(context, named), wanted, plan.format, named.pointer);
    files.push(file);
    for await (const sequence of sequencesIn(file, options)) {
      const issues = [...sequence.issues, ...repeatedIssues(file, sequence, seen)];
      issues.forEach(problems.add);
      if (issues.length > 0) continue;
      const split = named.split ?? partOf(context.seed, sequence.id, shares);
      parts[split].push({
        file: files.length - 1,
        from: sequence.from,
        to: sequence.to.byte,
        steps: sequence.steps,
        number: number++,
      });
      classes.add(`${file.path}, from line ${sequence.from.line} on`, sequence.values);
      sequence.values.forEach((values, i) => {
        if (slots[i].is === "target") targets.add(split, i, values);
        if (split === "train") values.forEach(fits[i].add);
      });
    }
  }
  problems.check();
  checkParts(parts);
  const fitted = context.fitted ?? { format: FITTED_FORMAT, columns: fits.map((fit) => fit.end()) };
  checkFitted(fitted, slots);
  classes.check(fitted);
  const encoders = encodersOf(slots, fitted);
  const cache = makeCache<EncodedSteps>(CACHE_BYTES, bytesOf);

  async function load({ file, from, to }: Place): Promise<EncodedSteps> {
    for await (const { steps, values } of sequencesIn(files[file], options, from, to))
      return { steps, values: values.map((list, i) => Float64Array.from(list, encoders[i])) };
    throw changedError(`${files[file].path}, line ${from.line}`);
  }
  return {
    parts,
    read: (split, n) => cache.get(parts[split][n].number, async () => load(parts[split][n])),
    baselines: (split) => targets.baselines(split, fitted),
    data: {
      unit: "sequences",
      count: { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
      skipped: { count: problems.count(), first: problems.first() },
      fitted,
    },
  };
}

const bytesOf = ({ values }: EncodedSteps): number => values.reduce((sum, { byteLength }) => sum + byteLength, 200);

/** The part of a sequence depends on the seed and its name alone: more data move none from one part to another. */
function partOf(seed: Seed, id: string, { validation, test }: SequencePlan["shares"]): Split {
  const place = randomAt(seed, "part", id).between(0, 1);
  return place < test ? "test" : place < test + validation ? "validation" : "train";
}

/** A sequence whose rows do not stand together would be two. */
function repeatedIssues(file: DataFile, { id, from }: RawSequence, seen: Set<string>): RawSequence["issues"] {
  if (!seen.has(id)) {
    seen.add(id);
    return [];
  }
  return [
    {
      code: "data.sequence",
      problem: "the rows of a sequence stand together",
      at: { kind: "value", name: `${file.path}, line ${from.line}` },
      received: `more rows of the sequence ${JSON.stringify(id)}, behind others`,
      hint: "sort the file by the column of the sequence",
    },
  ];
}

function checkParts(parts: Readonly<Record<Split, readonly unknown[]>>): void {
  const empty = Object.entries(parts).filter(([, places]) => places.length === 0);
  if (empty.length === 0) return;
  throw new ConfigError([
    {
      code: "config.too-little-data",
      problem: "every part of the data has at least one sequence",
      at: { kind: "config", pointer: "/task" },
      received: `none in: ${empty.map(([split]) => split).join(", ")}`,
      hint: "give more data, larger shares, or files of their own to the parts",
    },
  ]);
}
