/** Series from data files, cut into parts: any stretch of their rows as numbers, and what was fitted to the training part. */
import { stretchesOf, type Shares, type Stretch } from "../tasks/windows.js";
import { watchTargets } from "./baselines.js";
import { SPLITS, type Baseline, type Split } from "./batch.js";
import { makeCache } from "./cache.js";
import { watchClasses } from "./class-watch.js";
import type { DataContext } from "./context.js";
import { encodersOf, type EncodedSteps } from "./encode.js";
import { checkFitted, fitOf, FITTED_FORMAT, type Fitted } from "./fitted.js";
import { watchPersistence } from "./persistence.js";
import { openSeriesRows, type SeriesFiles, type SeriesPlace, type SeriesRows } from "./series-rows.js";
import type { TaskData } from "./task-data.js";

/** Bytes of rows that are kept in memory, 64 Mi: most data fit, and are read once. */
const CACHE_BYTES = 2 ** 26;

export interface SeriesPlan extends SeriesFiles {
  /** Shares of each series, where files do not say it. */
  readonly shares: Shares;
  /** Targets are the values of `horizon` steps, the first of them `ahead` steps later than the input. */
  readonly ahead: number;
  readonly horizon: number;
  readonly cacheBytes?: number | undefined;
}

type Stretches = Readonly<Record<Split, readonly Stretch[]>>;

export interface SeriesStore {
  /** Rows of one series and part without a hole, in the order of the files. */
  readonly stretches: Stretches;
  /** The numbers of `count` rows from `from` on. */
  read(from: number, count: number): Promise<EncodedSteps>;
  baselines(split: Split): readonly Baseline[];
  readonly data: TaskData;
  /** Bytes of rows in memory. */
  keptBytes(): number;
}

interface EncodedBlock extends EncodedSteps {
  readonly first: number;
}

/** Throws ConfigError and DataError. */
export async function openSeries(plan: SeriesPlan, context: DataContext): Promise<SeriesStore> {
  const { slots } = plan.columns;
  const rows = await openSeriesRows(plan, context);
  const stretches = partsOf(rows.series, plan.shares);
  const { fitted, baselines } = await survey(rows, stretches, plan, context.fitted);
  const encoders = encodersOf(slots, fitted);
  const cache = makeCache<EncodedBlock>(plan.cacheBytes ?? CACHE_BYTES, ({ values }) =>
    values.reduce((sum, { byteLength }) => sum + byteLength, 200),
  );
  const { problems } = rows;
  const countIn = (split: Split): number => stretches[split].reduce((sum, { from, to }) => sum + to - from, 0);

  async function load(number: number): Promise<EncodedBlock> {
    const { first, values } = await rows.block(number);
    const encoded = values.map((list, i) => Float64Array.from(list, encoders[i]));
    return { first, steps: encoded[0].length, values: encoded };
  }
  return {
    stretches,
    baselines,
    keptBytes: cache.bytes,
    async read(from, count) {
      const values = slots.map(() => new Float64Array(count));
      let number = rows.blockOf(from);
      for (let done = 0; done < count; number++) {
        const wanted = number;
        const block = await cache.get(wanted, async () => load(wanted));
        const start = from + done - block.first;
        const end = Math.min(block.steps, start + count - done);
        values.forEach((all, i) => {
          all.set(block.values[i].subarray(start, end), done);
        });
        done += end - start;
      }
      return { steps: count, values };
    },
    data: {
      unit: "rows",
      count: { train: countIn("train"), validation: countIn("validation"), test: countIn("test") },
      skipped: { count: problems.count(), first: problems.first() },
      fitted,
    },
  };
}

/** The stretches of each part: each series is cut by the shares unless its files say the part, and where rows were left out. */
function partsOf(series: readonly SeriesPlace[], shares: Shares): Stretches {
  const parts: Record<Split, Stretch[]> = { train: [], validation: [], test: [] };
  for (const { split, from, to, breaks } of series) {
    const cut = stretchesOf(to - from, shares);
    for (const part of SPLITS) {
      if (split !== undefined && split !== part) continue;
      const begin = split === undefined ? from + cut[part].from : from;
      const end = split === undefined ? from + cut[part].to : to;
      const edges = [begin, ...breaks.filter((row) => row > begin && row < end), end];
      for (let i = 0; i + 1 < edges.length; i++)
        if (edges[i] < edges[i + 1]) parts[part].push({ from: edges[i], to: edges[i + 1] });
    }
  }
  return parts;
}

interface Survey {
  readonly fitted: Fitted;
  baselines(split: Split): readonly Baseline[];
}

/** Goes through all rows again, now that their parts are known: fits to those of training what is to be fitted, unless it is known. */
async function survey(
  rows: SeriesRows,
  stretches: Stretches,
  { columns: { slots }, ahead, horizon }: SeriesPlan,
  before: Fitted | undefined,
): Promise<Survey> {
  const fits = slots.map(fitOf);
  const classes = watchClasses(slots);
  const targets = watchTargets(slots);
  const persistence = watchPersistence(slots, ahead, horizon);
  const ordered = SPLITS.flatMap((split) => stretches[split].map((stretch) => ({ split, ...stretch }))).sort(
    (a, b) => a.from - b.from,
  );
  let next = 0;
  for (let number = 0; number < rows.blocks; number++) {
    const { first, values, name } = await rows.block(number);
    const end = first + values[0].length;
    classes.add(name, values);
    while (next < ordered.length && ordered[next].from < end) {
      const { split, from, to } = ordered[next];
      const isNew = from >= first;
      values.forEach((list, i) => {
        const here = list.slice(Math.max(0, from - first), to - first);
        if (slots[i].is === "target") {
          targets.add(split, i, here);
          persistence.add(split, i, here, isNew);
        }
        if (split === "train") here.forEach(fits[i].add);
      });
      if (to > end) break;
      next++;
    }
  }
  const fitted = before ?? { format: FITTED_FORMAT, columns: fits.map((fit) => fit.end()) };
  checkFitted(fitted, slots);
  classes.check(fitted);
  return {
    fitted,
    // The one that is harder to beat comes first.
    baselines: (split) =>
      [...persistence.baselines(split, fitted), ...targets.baselines(split, fitted)].sort((a, b) =>
        a.loss === "meanSquaredError" && b.loss === "meanSquaredError" ? a.value - b.value : 0,
      ),
  };
}
