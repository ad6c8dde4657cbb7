/** What a page of the test offers to it. */
import { trainBits, type Trained, type Training } from "./training.ts";

export interface Page {
  readonly isolated: boolean;
  trainInWorker(name: Training, threads: number): Promise<Trained>;
  /** On the page's main thread. `turns`: how often the page had a turn of its own meanwhile. */
  trainHere(name: Training, threads: number): Promise<Trained & { readonly turns: number }>;
}

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
};

Object.assign(globalThis, { page });
