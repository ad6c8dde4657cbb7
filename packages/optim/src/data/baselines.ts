/** What needs no learning scores on data from files: always saying the mean, or the frequencies, of the training part. */
import { portableLog } from "@latchgrad/core";
import { SPLITS, type Baseline, type Split } from "./batch.js";
import type { Slot } from "./columns.js";
import type { Fitted } from "./fitted.js";
import type { Value } from "./read-values.js";

export interface TargetWatch {
  /** The values of target slot `i` in one sequence of a part. */
  add(split: Split, i: number, values: readonly Value[]): void;
  baselines(split: Split, fitted: Fitted): readonly Baseline[];
}

interface Moments {
  count: number;
  mean: number;
  squares: number;
}

const perSplit = <T>(make: () => T): Readonly<Record<Split, T>> =>
  Object.fromEntries(SPLITS.map((split) => [split, make()])) as Record<Split, T>;

/** Watches targets while data are indexed. With several targets a loss is a sum, which nothing here is comparable with. */
export function watchTargets(slots: readonly Slot[]): TargetWatch {
  const moments = slots.map(() => perSplit((): Moments => ({ count: 0, mean: 0, squares: 0 })));
  const counts = slots.map(() => perSplit(() => new Map<string, number>()));
  const targets = slots.flatMap(({ is }, i) => (is === "target" ? [i] : []));
  return {
    add(split, i, values) {
      if (slots[i].values.kind === "symbol") {
        const count = counts[i][split];
        for (const value of values) count.set(String(value), (count.get(String(value)) ?? 0) + 1);
        return;
      }
      const known = moments[i][split];
      for (const value of values) {
        const before = Number(value) - known.mean;
        known.count++;
        known.mean += before / known.count;
        known.squares += before * (Number(value) - known.mean);
      }
    },
    baselines(split, { columns }) {
      if (new Set(targets.map((i) => slots[i].name)).size !== 1) return [];
      const [first] = targets;
      if (slots[first].values.kind === "symbol") return classBaselines(counts[first], split, slots[first].values.size);
      const errors = targets.map((i) => {
        const fitted = columns[i];
        return meanError(moments[i], split, "scale" in fitted ? fitted.scale : 1);
      });
      return [
        {
          metric: "loss",
          loss: "meanSquaredError",
          value: errors.reduce((sum, error) => sum + error, 0) / errors.length,
          says: "always saying the mean of the training part",
        },
      ];
    },
  };
}

/** E[(x - m)²] / scale² over a part, m being the mean of the training part. */
function meanError(moments: Readonly<Record<Split, Moments>>, split: Split, scale: number): number {
  const { count, mean, squares } = moments[split];
  const shift = mean - moments.train.mean;
  return (squares / count + shift * shift) / (scale * scale);
}

function classBaselines(
  counts: Readonly<Record<Split, ReadonlyMap<string, number>>>,
  split: Split,
  size: number,
): readonly Baseline[] {
  const total = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((sum, n) => sum + n, 0);
  const all = total(counts[split]);
  const training = total(counts.train);
  const [[frequent]] = [...counts.train].sort(([, m], [, n]) => n - m);
  // One more of each class than there are, so that no probability is 0.
  const probability = (symbol: string): number => ((counts.train.get(symbol) ?? 0) + 1) / (training + size);
  const loss = [...counts[split]].reduce((sum, [symbol, n]) => sum - n * portableLog(probability(symbol)), 0) / all;
  return [
    {
      metric: "accuracy",
      value: (counts[split].get(frequent) ?? 0) / all,
      says: "always saying the most frequent class of the training part",
    },
    {
      metric: "loss",
      loss: "softmaxCrossEntropy",
      value: loss,
      says: "guessing classes by their frequency in the training part",
    },
  ];
}
