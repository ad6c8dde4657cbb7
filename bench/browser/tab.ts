/** A tab of a browser as the bench sees it: contenders that are asked for steps in it. */
import type { Browser } from "playwright-core";
import type { Folder } from "../../test/engines/serve.ts";
import type { Contender } from "../measure.ts";
import type { Answer, Request } from "../peers/peer-process.ts";
import { LEARNING_RATE, type Sizes } from "../workload.ts";
import type { FirstRequest, FirstStep, Page } from "./page.ts";

type Global = { readonly page: Page };

export interface Tab {
  readonly isolated: boolean;
  /** In a worker of its own that runs `script`, or, when it is "page", on the page itself. */
  contender(name: string, script: string, cell: string, sizes: Sizes): Contender;
  bytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** A tab that shares nothing with others: no cache, and no code that the engine has compiled. */
export async function openTab(browser: Browser, url: string, folder: Folder): Promise<Tab> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${url}/${folder}/`);
  await tab.waitForFunction(() => "page" in globalThis);

  const ask = async (worker: number | "page", request: Request): Promise<Answer> => {
    // As text: the type of a request is deeper than the checker follows through `evaluate`.
    const answer = await tab.evaluate(
      async ([where, text]): Promise<Answer> => {
        const { page } = globalThis as unknown as Global;
        const asked = JSON.parse(text) as Request;
        return where === "page" ? page.askHere(asked) : page.ask(where, asked);
      },
      [worker, JSON.stringify(request)] as const,
    );
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
  const open = async (script: string): Promise<number | "page"> =>
    script === "page" ? script : tab.evaluate((file) => (globalThis as unknown as Global).page.open(file), script);
  return {
    isolated: await tab.evaluate(() => (globalThis as unknown as Global).page.isolated),
    contender(name, script, cell, sizes) {
      let place: number | "page" = "page";
      let weights: number | undefined;
      return {
        name,
        async start() {
          place = await open(script);
          const answer = await ask(place, { start: { cell, ...sizes, learningRate: LEARNING_RATE } });
          weights = answer.weights;
          return answer.first ?? NaN;
        },
        weights: () => weights,
        run: async (count) => (await ask(place, { cell, run: count })).times ?? [],
        async stop() {
          await ask(place, { stop: cell });
          if (place !== "page")
            await tab.evaluate((worker) => {
              (globalThis as unknown as Global).page.end(worker);
            }, place);
        },
      };
    },
    bytes: async () => tab.evaluate(async () => (globalThis as unknown as Global).page.bytes()),
    close: async () => context.close(),
  };
}

/** The first step of a page that is opened for it, in a context without caches. */
export async function firstStepOf(browser: Browser, url: string, request: FirstRequest): Promise<FirstStep> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${url}/isolated/#${encodeURIComponent(JSON.stringify(request))}`);
  const first = await tab.evaluate(async () => (globalThis as unknown as Global).page.first);
  await context.close();
  if (first === undefined) throw new Error("the page was not asked for a first step");
  return first;
}
