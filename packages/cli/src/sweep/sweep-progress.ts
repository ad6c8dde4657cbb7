/** What a person sees while a sweep runs: a line per trial that ends, and on a terminal a line that changes. */
import { formatBar, formatCount, formatDuration } from "../format.js";
import { liveLine, type Screen } from "../screen.js";

export interface SweepProgress {
  /** Trial `id` is that far. */
  step(id: string, step: number): void;
  begin(id: string, fromStep: number): void;
  end(id: string, outcome: "done" | "failed" | "other"): void;
  print(text: string): void;
  clear(): void;
}

export interface SweepProgressOptions {
  readonly screen: Screen;
  /** Steps of each trial. */
  readonly steps: ReadonlyMap<string, number>;
  readonly done: readonly string[];
  readonly failed: readonly string[];
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

const REDRAW_MS = 200;
const BAR_WIDTH = 20;

export function showSweepProgress({
  screen,
  steps,
  done,
  failed,
  now = () => performance.now(),
}: SweepProgressOptions): SweepProgress {
  const live = liveLine(screen);
  const ended = new Set([...done, ...failed]);
  let [doneCount, failedCount] = [done.length, failed.length];
  const running = new Map<string, number>();
  const began = now();
  /** Steps made since the sweep was started, by which its speed is judged. */
  let made = 0;
  let lastDrawn = Number.NEGATIVE_INFINITY;

  const stepsLeft = (): number =>
    [...steps].reduce((sum, [id, all]) => (ended.has(id) ? sum : sum + all - (running.get(id) ?? 0)), 0);
  const draw = (): void => {
    if (now() - lastDrawn < REDRAW_MS) return;
    lastDrawn = now();
    const left = made === 0 ? undefined : ((now() - began) / made) * (stepsLeft() / 1000);
    live.show(
      [
        `${formatCount(doneCount)}/${formatCount(steps.size)} done ${formatBar(ended.size / steps.size, BAR_WIDTH)}`,
        ...(failedCount === 0 ? [] : [`${formatCount(failedCount)} failed`]),
        `${running.size} running`,
        ...(left === undefined ? [] : [`at most ${formatDuration(left)} left`]),
        ...[...running].map(([id, step]) => `${id.slice(0, 6)} ${Math.floor((100 * step) / (steps.get(id) ?? 1))}%`),
      ].join("  "),
    );
  };
  return {
    begin(id, fromStep) {
      running.set(id, fromStep);
      draw();
    },
    step(id, step) {
      made += Math.max(0, step - (running.get(id) ?? 0));
      running.set(id, step);
      draw();
    },
    end(id, outcome) {
      if (outcome !== "other") made += Math.max(0, (steps.get(id) ?? 0) - (running.get(id) ?? 0));
      running.delete(id);
      if (outcome === "done") doneCount++;
      if (outcome === "failed") failedCount++;
      if (outcome !== "other") ended.add(id);
      draw();
    },
    print: (text) => live.print(text),
    clear: () => live.clear(),
  };
}
