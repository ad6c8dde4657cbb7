/** What a page of the test offers to it. */
import { LatchgradError, type Issue } from "@latchgrad/core";
import { trainBits, type Trained, type Training } from "./training.ts";

export interface Page {
  readonly isolated: boolean;
  trainInWorker(name: Training, threads: number): Promise<Trained>;
  /** On the page's main thread. `turns`: how often the page had a turn of its own meanwhile. */
  trainHere(name: Training, threads: number): Promise<Trained & { readonly turns: number }>;
  /** Trains here as well, but rests in the middle until it is told to go on. */
  restingHere(name: Training, threads: number): Resting;
  resting: Resting | undefined;
  /** What a training is refused for. */
  refusal(name: Training): Promise<readonly Issue[]>;
}

interface Resting {
  readonly begun: Promise<void>;
  goOn(): void;
  readonly trained: Promise<Trained>;
}

/** In the middle of the training. */
const REST_AFTER = 100;

const page: Page = {
  isolated: crossOriginIsolated,
  trainInWorker: async (name, threads) =>
    new Promise((resolve, reject) => {
      const worker = new Worker("worker.js", { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<Trained>) => {
        resolve(data);
        worker.terminate();
      };
      worker.onerror = ({ message }) => {
        reject(new Error(message));
      };
      worker.postMessage([name, threads]);
    }),
  async trainHere(name, threads) {
    let turns = 0;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      turns++;
      port2.postMessage("again");
    };
    let turnsInRuns = 0;
    port2.postMessage("begin");
    const trained = await trainBits(name, threads, () => {
      turnsInRuns = turns;
    });
    port1.close();
    return { ...trained, turns: turnsInRuns };
  },
  restingHere(name, threads) {
    let begin: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const rest = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const trained = trainBits(name, threads, async (steps) => {
      if (steps !== REST_AFTER) return;
      begin();
      await rest;
    });
    return (page.resting = { begun, goOn, trained });
  },
  resting: undefined,
  async refusal(name) {
    try {
      await trainBits(name, 1);
      return [];
    } catch (error) {
      if (error instanceof LatchgradError) return error.issues;
      throw error;
    }
  },
};

Object.assign(globalThis, { page });
