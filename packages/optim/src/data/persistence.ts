/** What the present value scores as a forecast of later ones: what every forecast is compared with first. */
import { SPLITS, type Baseline, type Split } from "./batch.js";
import type { Slot } from "./columns.js";
import type { Fitted } from "./fitted.js";
import type { Value } from "./read-values.js";

export interface PersistenceWatch {
  /** The values of target slot `i` in a stretch; `isNew` where they do not follow those before. */
  add(split: Split, i: number, values: readonly Value[], isNew: boolean): void;
  baselines(split: Split, fitted: Fitted): readonly Baseline[];
}

interface Sum {
  squares: number;
  count: number;
}

/** Watches targets of numbers that are `ahead` to `ahead + horizon - 1` steps later than the input; nothing where they are not later. */
export function watchPersistence(slots: readonly Slot[], ahead: number, horizon: number): PersistenceWatch {
  const targets = slots.flatMap(({ is }, i) => (is === "target" ? [i] : []));
  const isMeant =
    ahead > 0 && new Set(targets.map((i) => slots[i].name)).size === 1 && slots[targets[0]].values.kind === "number";
  const reach = ahead + horizon - 1;
  const sums = Object.fromEntries(SPLITS.map((split) => [split, slots.map((): Sum => ({ squares: 0, count: 0 }))]));
  /** The latest values of each slot, in a ring. */
  const latest = slots.map(() => ({ values: new Float64Array(reach), count: 0 }));
  return {
    add(split, i, values, isNew) {
      if (!isMeant) return;
      const ring = latest[i];
      const sum = sums[split][i];
      if (isNew) ring.count = 0;
      for (const each of values) {
        const value = Number(each);
        for (let distance = ahead; distance <= Math.min(reach, ring.count); distance++) {
          const change = value - ring.values[(ring.count - distance) % reach];
          sum.squares += change * change;
          sum.count++;
        }
        ring.values[ring.count % reach] = value;
        ring.count++;
      }
    },
    baselines(split, { columns }) {
      if (!isMeant) return [];
      const errors = targets.map((i) => {
        const fitted = columns[i];
        const { squares, count } = sums[split][i];
        const scale = "scale" in fitted ? fitted.scale : 1;
        return squares / count / (scale * scale);
      });
      const value = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      if (!Number.isFinite(value)) return [];
      return [
        {
          metric: "loss",
          loss: "meanSquaredError",
          value,
          says: "forecasting the present value (persistence)",
        },
      ];
    },
  };
}
