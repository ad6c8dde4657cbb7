/** What a person sees while a model is trained: a line that changes on a terminal, a line now and then elsewhere. */
import type { Evaluation, StepEvent } from "@latchgrad/optim";
import { formatBar, formatCount, formatDuration, formatNumber } from "./format.js";
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

export function showProgress({ screen, mayStop, now = () => performance.now() }: ProgressOptions): Progress {
  const live = liveLine(screen);
  const smooth = smoother();
  const interval = screen.columns === undefined ? PLAIN_LINE_MS : REDRAW_MS;
  let lastLine = now();
  let first: { readonly step: number; readonly time: number } | undefined;

  /** Seconds until the last step, judged by all steps so far with the evaluations between them. */
  function secondsLeft({ step, steps }: StepEvent): number | undefined {
    if (first === undefined || step === first.step) return undefined;
    return (((now() - first.time) / (step - first.step)) * (steps - step)) / 1000;
  }

  function lineOf(event: StepEvent, values: ReadonlyMap<string, number>): string {
    const left = secondsLeft(event);
    return [
      `step ${formatCount(event.step)}/${formatCount(event.steps)}`,
      ...(screen.columns === undefined ? [] : [formatBar(event.step / event.steps, BAR_WIDTH)]),
      ...[...values].map(([name, value]) => `${name} ${formatNumber(value)}`),
      `${formatNumber(event.examplesPerSecond)} examples/s`,
      ...(left === undefined ? [] : [`${mayStop ? "at most " : ""}${formatDuration(left)} left`]),
    ].join("  ");
  }

  return {
    step(event) {
      const values = smooth({ loss: event.loss, ...event.metrics });
      first ??= { step: event.step, time: now() };
      if (now() - lastLine < interval) return;
      lastLine = now();
      const line = lineOf(event, values);
      if (screen.columns === undefined) live.print(`${line}\n`);
      else live.show(line);
    },
    evaluation(evaluation) {
      live.print(`step ${formatCount(evaluation.step)}  ${formatEvaluation(evaluation)}\n`);
    },
    print: (text) => live.print(text),
    end: () => live.clear(),
  };
}

/** What an evaluation found: "validation loss 0.0123, accuracy 0.987". */
export const formatEvaluation = ({ split, loss, metrics }: Evaluation): string =>
  `${split} ${Object.entries({ loss, ...metrics })
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(", ")}`;

/** Averages of values over the recent past, the latest counting most. */
function smoother(): (values: Readonly<Record<string, number>>) => ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  let weight = 0;
  return (values) => {
    // A sum with its own weight is an average from the first step on; it does not begin at zero.
    weight = SMOOTHING * weight + 1;
    for (const [name, value] of Object.entries(values)) sums.set(name, SMOOTHING * (sums.get(name) ?? 0) + value);
    return new Map([...sums].map(([name, sum]) => [name, sum / weight]));
  };
}
