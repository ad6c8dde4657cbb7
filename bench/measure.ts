/** Interleaved measurement: contenders take turns, so that a busy moment of the machine meets all of them. */

/** Something whose steps are timed. */
export interface Contender {
  readonly name: string;
  /** Compiles or warms up; returns the first step's time in ms, compilation included. */
  start(): Promise<number>;
  /** Makes `count` steps; returns the time of each in ms. */
  run(count: number): Promise<readonly number[]>;
  stop(): void;
}

export interface Timing {
  readonly name: string;
  /** The first step with everything that comes before it, ms. */
  readonly first: number;
  readonly median: number;
  readonly minimum: number;
  readonly steps: number;
}

export interface Effort {
  /** How often each contender has its turn. */
  readonly rounds: number;
  /** About how long a turn takes, ms; it is one step at least. */
  readonly turn: number;
  /** A contender whose single step takes longer than this, ms, has fewer turns. */
  readonly slow: number;
  /** One whose single step takes longer than this, ms, is measured by that step only. */
  readonly patience: number;
}

const SLOW_ROUNDS = 2;
/** Turns before measuring: V8 compiles hot functions anew after some calls. */
const WARM_UP_TURNS = 1;
const MOST_STEPS_PER_TURN = 200;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Times all contenders by turns. All of them are started before any is measured, and stopped after. */
export async function measure(contenders: readonly Contender[], effort: Effort): Promise<readonly Timing[]> {
  const runners = [];
  for (const contender of contenders) {
    const first = await contender.start();
    const [once] = await contender.run(1);
    const perTurn = Math.max(1, Math.min(MOST_STEPS_PER_TURN, Math.round(effort.turn / once)));
    const rounds = once > effort.patience ? 0 : once > effort.slow ? SLOW_ROUNDS : effort.rounds;
    // Where turns are few, the step that estimated them counts.
    const times: number[] = once > effort.slow ? [once] : [];
    runners.push({ contender, first, perTurn, rounds, times });
  }
  for (const { contender, perTurn, rounds } of runners)
    if (rounds === effort.rounds) await contender.run(perTurn * WARM_UP_TURNS);
  for (let round = 0; round < effort.rounds; round++)
    for (const { contender, perTurn, rounds, times } of runners)
      if (round < rounds) times.push(...(await contender.run(perTurn)));
  return runners.map(({ contender, first, times }) => {
    contender.stop();
    return { name: contender.name, first, median: median(times), minimum: Math.min(...times), steps: times.length };
  });
}

/** A contender made of a step; `prepare` is what has to happen before the first one. */
export function contenderOf(
  name: string,
  prepare: () => Promise<{ step: () => unknown; stop?: () => void }>,
): Contender {
  let step: () => unknown = () => undefined;
  let stop: (() => void) | undefined;
  const time = async (action: () => unknown): Promise<number> => {
    const began = performance.now();
    await action();
    return performance.now() - began;
  };
  return {
    name,
    start: async () =>
      time(async () => {
        ({ step, stop } = await prepare());
        await step();
      }),
    async run(count) {
      const times: number[] = [];
      for (let i = 0; i < count; i++) times.push(await time(step));
      return times;
    },
    stop: () => stop?.(),
  };
}
