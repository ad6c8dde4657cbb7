/** Interleaved measurement: contenders take turns, so that a busy moment of the machine meets all of them. */

/** Something whose steps are timed. */
export interface Contender {
  readonly name: string;
  /** Compiles or warms up; returns the first step's time in ms, compilation included. */
  start(): Promise<number>;
  /** Of the first step, what drawing the initial weights took, ms; known after the start, and only of some. */
  weights?(): number | undefined;
  /** Makes `count` steps; returns the time of each in ms. */
  run(count: number): Promise<readonly number[]>;
  stop(): unknown;
}

export interface Timing {
  readonly name: string;
  /** The first step with everything that comes before it, ms. */
  readonly first: number;
  /** Of that, the time for drawing initial weights, where it is known. */
  readonly weights?: number | undefined;
  readonly median: number;
  readonly minimum: number;
  /** In all processes together. */
  readonly steps: number;
  /** Of a contender in several processes, the median of each; `median` and `minimum` are then the middle ones of theirs. */
  readonly processes?: readonly number[];
}

/** Timings of those that could be measured; of the others, why not. */
export interface Measured {
  readonly timings: readonly Timing[];
  readonly absent: Readonly<Record<string, string>>;
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

/** A contender while it is measured. */
interface Runner {
  readonly contender: Contender;
  /** In how many processes there is one of this name. */
  readonly processes: number;
  first: number;
  perTurn: number;
  rounds: number;
  readonly times: number[];
  failure?: string;
}

async function start(runner: Runner, effort: Effort): Promise<void> {
  const { contender, times } = runner;
  runner.first = await contender.start();
  const [once] = await contender.run(1);
  runner.perTurn = Math.max(1, Math.min(MOST_STEPS_PER_TURN, Math.round(effort.turn / once)));
  const rounds = once > effort.patience ? 0 : once > effort.slow ? SLOW_ROUNDS : effort.rounds;
  runner.rounds = Math.ceil(rounds / runner.processes);
  // Where turns are few, the step that estimated them counts.
  if (once > effort.slow) times.push(once);
}

/** The timing of a contender from all its processes. What comes before the first step is that of the first one. */
function timingOf(runners: readonly Runner[]): Timing {
  const [{ contender, first }] = runners;
  const medians = runners.map(({ times }) => median(times));
  return {
    name: contender.name,
    first,
    weights: contender.weights?.(),
    median: median(medians),
    minimum: median(runners.map(({ times }) => Math.min(...times))),
    steps: runners.reduce((sum, { times }) => sum + times.length, 0),
    ...(runners.length > 1 ? { processes: medians } : {}),
  };
}

/**
 * Times all contenders by turns. All of them are started before any is measured, and stopped after. One that fails is left
 * out, and the others go on. Those of one name are the same one in several processes, and share its turns.
 */
export async function measure(contenders: readonly Contender[], effort: Effort): Promise<Measured> {
  const runners = contenders.map((contender): Runner => {
    const processes = contenders.filter(({ name }) => name === contender.name).length;
    return { contender, processes, first: NaN, perTurn: 1, rounds: 0, times: [] };
  });
  const attempt = async (runner: Runner, action: () => Promise<unknown>): Promise<void> => {
    if (runner.failure !== undefined) return;
    try {
      await action();
    } catch (error) {
      runner.failure = `failed: ${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)}`;
    }
  };
  for (const runner of runners) await attempt(runner, async () => start(runner, effort));
  for (const runner of runners)
    if (runner.rounds === Math.ceil(effort.rounds / runner.processes))
      await attempt(runner, async () => runner.contender.run(runner.perTurn * WARM_UP_TURNS));
  for (let round = 0; round < effort.rounds; round++)
    for (const runner of runners)
      if (round < runner.rounds)
        await attempt(runner, async () => runner.times.push(...(await runner.contender.run(runner.perTurn))));
  for (const runner of runners)
    try {
      await runner.contender.stop();
    } catch {
      // A process that ended has nothing to stop, and its failure is known.
    }
  const measured = runners.filter(({ failure, times }) => failure === undefined && times.length > 0);
  const names = new Set(measured.map(({ contender }) => contender.name));
  return {
    timings: [...names].map((name) => timingOf(measured.filter(({ contender }) => contender.name === name))),
    absent: Object.fromEntries(
      runners.flatMap(({ contender: { name }, failure }) =>
        failure === undefined || names.has(name) ? [] : [[name, failure]],
      ),
    ),
  };
}

/** A contender made of a step; `prepare` is what has to happen before the first one, with the time that drawing weights took, ms. */
export function contenderOf(
  name: string,
  prepare: () => Promise<{ step: () => unknown; stop?: () => void; weights?: number }>,
): Contender {
  let step: () => unknown = () => undefined;
  let stop: (() => void) | undefined;
  let weights: number | undefined;
  const time = async (action: () => unknown): Promise<number> => {
    const began = performance.now();
    await action();
    return performance.now() - began;
  };
  return {
    name,
    start: async () =>
      time(async () => {
        ({ step, stop, weights } = await prepare());
        await step();
      }),
    async run(count) {
      const times: number[] = [];
      for (let i = 0; i < count; i++) times.push(await time(step));
      return times;
    },
    weights: () => weights,
    stop: () => stop?.(),
  };
}
