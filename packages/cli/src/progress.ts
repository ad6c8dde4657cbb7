/** What a person sees while a model is trained: a line that changes on a terminal, a line now and then elsewhere. */
import type { Evaluation, StepEvent } from "@latchgrad/optim";
import { formatBar, formatCount, formatDuration, formatNumber, formatPlural, formatSparkline } from "./format.js";
import { liveLine, type Screen } from "./screen.js";

export interface Progress {
  step(event: StepEvent): void;
  evaluation(evaluation: Evaluation): void;
  /** Lines in between. */
  print(text: string): void;
  /** Removes what is only there while the run goes on. */
  end(): void;
}

export interface ProgressOptions {
  readonly screen: Screen;
  /** The run may end before its last step, so that the time left is only a limit. */
  readonly mayStop: boolean;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

/** Between two changes of the line on a terminal: often enough to look alive, and too seldom to cost anything. */
const REDRAW_MS = 100;
/** Between two lines where every line stays. */
const PLAIN_LINE_MS = 10_000;
/** Share of the shown loss that stays at each step: single batches jump too much to be read. */
const SMOOTHING = 0.9;
const BAR_WIDTH = 20;
/** Blocks that show the loss over the whole run so far. */
const CURVE_WIDTH = 16;

export function showProgress({ screen, mayStop, now = () => performance.now() }: ProgressOptions): Progress {
  const live = liveLine(screen);
  const smooth = smoother();
  const curve = lossCurve();
  const interval = screen.columns === undefined ? PLAIN_LINE_MS : REDRAW_MS;
  let lastLine = now();
  let latest: Evaluation | undefined;
  let skipped = 0;
  let first: { readonly step: number; readonly time: number } | undefined;

  /** Seconds until the last step, judged by all steps so far with the evaluations between them. */
  function secondsLeft({ step, steps }: StepEvent): number | undefined {
    if (first === undefined || step === first.step) return undefined;
    return (((now() - first.time) / (step - first.step)) * (steps - step)) / 1000;
  }

  function lineOf(event: StepEvent, values: ReadonlyMap<string, number>): string {
    const left = secondsLeft(event);
    const isLive = screen.columns !== undefined;
    const shown = [...values].map(([name, value]) => `${name} ${formatNumber(value)}`);
    if (isLive) shown[0] = `${shown[0]} ${formatSparkline(curve.values())}`.trimEnd();
    return [
      `step ${formatCount(event.step)}/${formatCount(event.steps)}`,
      ...(isLive ? [formatBar(event.step / event.steps, BAR_WIDTH)] : []),
      ...shown,
      `${formatNumber(event.examplesPerSecond)} examples/s`,
      ...(left === undefined ? [] : [`${mayStop ? "at most " : ""}${formatDuration(left)} left`]),
      ...(skipped === 0 ? [] : [`${formatPlural(skipped, "batch", "batches")} left out`]),
      // Where every line stays, it stands a few lines above.
      ...(isLive && latest !== undefined ? [`${formatEvaluation(latest)} at step ${formatCount(latest.step)}`] : []),
    ].join("  ");
  }

  return {
    step(event) {
      const values = smooth({ loss: event.loss, ...event.metrics });
      curve.add(event.loss);
      skipped += event.skipped ?? 0;
      first ??= { step: event.step, time: now() };
      if (now() - lastLine < interval) return;
      lastLine = now();
      const line = lineOf(event, values);
      if (screen.columns === undefined) live.print(`${line}\n`);
      else live.show(line);
    },
    evaluation(evaluation) {
      latest = evaluation;
      live.print(`step ${formatCount(evaluation.step)}  ${formatEvaluation(evaluation)}\n`);
    },
    print: (text) => live.print(text),
    end: () => live.clear(),
  };
}

/** What an evaluation found, as far as words need it. */
export type Result = Pick<Evaluation, "loss" | "metrics"> & { readonly split: string };

/** What an evaluation found: "validation loss 0.0123, accuracy 0.987". */
export const formatEvaluation = ({ split, loss, metrics }: Result): string =>
  `${split} ${Object.entries({ loss, ...metrics })
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(", ")}`;

/** Averages of values over the recent past, the latest counting most; steps without a finite loss do not count. */
function smoother(): (values: Readonly<Record<string, number>>) => ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  let weight = 0;
  return (values) => {
    if (Number.isFinite(values["loss"])) {
      // A sum with its own weight is an average from the first step on; it does not begin at zero.
      weight = SMOOTHING * weight + 1;
      for (const [name, value] of Object.entries(values)) sums.set(name, SMOOTHING * (sums.get(name) ?? 0) + value);
    }
    return new Map([...sums].map(([name, sum]) => [name, sum / weight]));
  };
}

/** The loss over a whole run as a few averages of equally many steps, however long it is. */
function lossCurve(): { add(loss: number): void; values(): readonly number[] } {
  let means: readonly number[] = [];
  let perMean = 1;
  let sum = 0;
  let count = 0;
  return {
    add(loss) {
      if (!Number.isFinite(loss)) return;
      sum += loss;
      count++;
      if (count < perMean) return;
      means = [...means, sum / count];
      sum = 0;
      count = 0;
      if (means.length < 2 * CURVE_WIDTH) return;
      means = Array.from({ length: CURVE_WIDTH }, (_, i) => (means[2 * i] + means[2 * i + 1]) / 2);
      perMean *= 2;
    },
    values() {
      const group = Math.ceil(means.length / CURVE_WIDTH);
      return group <= 1
        ? means
        : Array.from({ length: Math.floor(means.length / group) }, (_, i) => (means[2 * i] + means[2 * i + 1]) / 2);
    },
  };
}
