/** What a page of the bench offers to it. The page itself is small: what is measured is loaded when it is asked for. */
import type { measureOnce, Parts } from "../first-steps.ts";
import type { Answer, Request } from "../peers/peer-process.ts";
import type { AnswerTo } from "../peers/steps-on-request.ts";
import type { Sizes } from "../workload.ts";
import { watchBlocks } from "./blocks.ts";

/** Where the first step is made, and with what. */
export interface FirstRequest {
  readonly where: "page" | "worker";
  readonly sizes: Sizes;
  readonly threads: number;
}

export interface FirstStep {
  readonly parts: Parts;
  /** From the beginning of the navigation to the first losses, ms. */
  readonly sinceNavigation: number;
  /** The longest time in which the page had no turn, ms. */
  readonly longestBlock: number;
}

export interface Page {
  readonly isolated: boolean;
  /** Starts a worker that answers requests; returns its number. */
  open(script: string): number;
  ask(worker: number, request: Request): Promise<Answer>;
  end(worker: number): void;
  askHere(request: Request): Promise<Answer>;
  /** Bytes that the page and its workers hold, as the browser counts them; undefined where it does not. */
  bytes(): Promise<number | undefined>;
  /** What the page's address asks for behind "#", a request as JSON, begins when the page is loaded. */
  readonly first: Promise<FirstStep> | undefined;
}

const workers: Worker[] = [];

async function message<T>(worker: Worker, request: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<T>) => {
      resolve(data);
    };
    worker.onerror = ({ message }) => {
      reject(new Error(message));
    };
    worker.postMessage(request);
  });
}

/** A script of the same folder, unknown to the bundler. */
const load = async (script: string): Promise<unknown> => import(script) as Promise<unknown>;

async function firstHere({ sizes, threads }: FirstRequest): Promise<Parts> {
  const first = (await load("./first.js")) as { readonly measureOnce: typeof measureOnce };
  return first.measureOnce(sizes, { threads });
}

async function firstInWorker(request: FirstRequest): Promise<Parts> {
  const worker = new Worker("first-worker.js", { type: "module" });
  const parts = await message<Parts>(worker, request);
  worker.terminate();
  return parts;
}

async function firstStep(request: FirstRequest): Promise<FirstStep> {
  const blocks = watchBlocks();
  const parts = await (request.where === "page" ? firstHere : firstInWorker)(request);
  const sinceNavigation = performance.now();
  return { parts, sinceNavigation, longestBlock: await blocks.longest() };
}

interface MeasuringPerformance {
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>;
}

const asked = decodeURIComponent(location.hash.slice(1));

const page: Page = {
  isolated: crossOriginIsolated,
  open: (script) => workers.push(new Worker(script, { type: "module" })) - 1,
  ask: async (worker, request) => message(workers[worker], request),
  end: (worker) => {
    workers[worker].terminate();
  },
  async askHere(request) {
    const { answerTo } = (await load("./steps.js")) as { readonly answerTo: AnswerTo };
    return answerTo(request);
  },
  async bytes() {
    const measured = await (performance as MeasuringPerformance).measureUserAgentSpecificMemory?.();
    return measured?.bytes;
  },
  first: asked === "" ? undefined : firstStep(JSON.parse(asked) as FirstRequest),
};

Object.assign(globalThis, { page });
