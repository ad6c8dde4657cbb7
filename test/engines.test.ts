// The same bits everywhere: models from their JSON documents train in a real Chromium, in a worker and on the page, and end with the bits
// that they end with in Node, on one thread and on several. LATCHGRAD_NODES=20,24,26 tries these versions of Node as well.
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./engines/bundle";
import { launchChromium } from "./engines/chromium";
import type { Page } from "./engines/page";
import { servePages, type Folder, type Served } from "./engines/serve";
import { trainInNode } from "./engines/other-nodes";
import { trainBits, TRAININGS, type Trained, type Training } from "./engines/training";

/** Long enough to install a browser. */
const SET_UP_MS = 600_000;

let browser: Browser | undefined;
let served: Served | undefined;
let expected: ReadonlyMap<Training, Trained> = new Map();

beforeAll(async () => {
  served = await servePages(await bundle("browser", ["test/engines/page.ts", "test/engines/worker.ts"]));
  browser = await launchChromium();
  expected = new Map(await Promise.all(TRAININGS.map(async (name) => [name, await trainBits(name, 1)] as const)));
}, SET_UP_MS);

afterAll(async () => {
  await browser?.close();
  served?.close();
});

/** Opens a page, whose errors fail the test. */
async function open(folder: Folder): Promise<Tab> {
  if (browser === undefined || served === undefined) throw new Error("the browser did not start");
  const tab = await browser.newPage();
  tab.on("pageerror", (error) => {
    throw error;
  });
  await tab.goto(`${served.url}/${folder}/`);
  await tab.waitForFunction(() => "page" in globalThis);
  return tab;
}

const isIsolated = async (tab: Tab): Promise<boolean> =>
  tab.evaluate(() => (globalThis as unknown as { page: Page }).page.isolated);
const trainInWorker = async (tab: Tab, name: Training, threads: number): Promise<Trained> =>
  tab.evaluate(async ([what, count]) => (globalThis as unknown as { page: Page }).page.trainInWorker(what, count), [
    name,
    threads,
  ] as const);
const trainHere = async (tab: Tab, name: Training, threads: number): ReturnType<Page["trainHere"]> =>
  tab.evaluate(async ([what, count]) => (globalThis as unknown as { page: Page }).page.trainHere(what, count), [
    name,
    threads,
  ] as const);

describe.each(TRAININGS)("%s", (name) => {
  test("learns something", () => {
    const losses = new Float64Array(expected.get(name)?.losses ?? []);
    expect(losses.length).toBe(200);
    const mean = (part: Float64Array): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
    expect(mean(losses.slice(-20))).toBeLessThan(0.9 * mean(losses.slice(0, 20)));
  });

  test.each([2, 4])("in Node on %i threads", async (threads) => {
    expect(await trainBits(name, threads)).toEqual({ ...expected.get(name), threads });
  });

  test.each([1, 4])("in a worker of a page that is cross-origin isolated, on %i threads", async (threads) => {
    const tab = await open("isolated");
    expect(await isIsolated(tab)).toBe(true);
    expect(await trainInWorker(tab, name, threads)).toEqual({ ...expected.get(name), threads });
    await tab.close();
  });

  const versions = (process.env.LATCHGRAD_NODES ?? "").split(",").filter((version) => version !== "");
  for (const version of versions)
    test.each([1, 2, 4])(`in Node ${version} on %i threads`, async (threads) => {
      expect(await trainInNode(version, name, threads)).toEqual({ ...expected.get(name), threads });
    });
});

test("on the page itself on two threads, and the page is not blocked", async () => {
  const tab = await open("isolated");
  const { turns, ...trained } = await trainHere(tab, "adding", 2);
  expect(trained).toEqual({ ...expected.get("adding"), threads: 2 });
  expect(turns).toBeGreaterThan(trained.losses.length / 4);
  await tab.close();
});

test("on the page itself, whose threads listen while they rest, go on after it, and end with it", async () => {
  const tab = await open("isolated");
  await tab.evaluate(async () => (globalThis as unknown as { page: Page }).page.restingHere("adding", 2).begun);
  const threads = tab.workers();
  // What is evaluated in a worker is a message to it.
  expect(await Promise.all(threads.map(async (thread) => thread.evaluate(() => crossOriginIsolated)))).toEqual([
    true,
    true,
  ]);
  const trained = await tab.evaluate(async () => {
    const { resting } = (globalThis as unknown as { page: Page }).page;
    resting?.goOn();
    return resting?.trained;
  });
  expect(trained).toEqual({ ...expected.get("adding"), threads: 2 });
  await expect.poll(() => tab.workers()).toEqual([]);
  await tab.close();
});

test("on any other page itself, and the page has its turns", async () => {
  const tab = await open("plain");
  const { turns, ...trained } = await trainHere(tab, "reversing", 1);
  expect(trained).toEqual({ ...expected.get("reversing"), threads: 1 });
  // Without any, there are two: before the first step and after the last one.
  expect(turns).toBeGreaterThan(4);
  await tab.close();
});

test.each([1, 2])("on any other page, asked for %i threads, on one", async (threads) => {
  const tab = await open("plain");
  expect(await isIsolated(tab)).toBe(false);
  expect(await trainInWorker(tab, "adding", threads)).toEqual({ ...expected.get("adding"), threads: 1 });
  await tab.close();
});

test("on a page that allows no workers of text, on one thread", async () => {
  const tab = await open("ownWorkers");
  expect(await isIsolated(tab)).toBe(true);
  expect(await trainInWorker(tab, "adding", 2)).toEqual({ ...expected.get("adding"), threads: 1 });
  await tab.close();
});

test("a page that does not allow WebAssembly is told what would", async () => {
  const tab = await open("strict");
  const issues = await tab.evaluate(async () => (globalThis as unknown as { page: Page }).page.refusal("adding"));
  expect(issues).toMatchObject([
    {
      code: "compile.engine",
      received: expect.stringContaining("Content Security policy") as string,
      hint: expect.stringContaining("'wasm-unsafe-eval'") as string,
    },
  ]);
  await tab.close();
});
