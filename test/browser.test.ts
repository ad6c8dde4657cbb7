// A real browser: a model from its JSON document trains in Chromium, in a worker and on the page, and ends with the bits that it
// ends with in Node, on one thread and on two.
import { chromium, type Browser, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./browser/chromium";
import type { Page } from "./browser/page";
import { servePages, type Served } from "./browser/serve";
import { trainBits, type Trained } from "./browser/training";

/** Long enough to install a browser. */
const SET_UP_MS = 600_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser | undefined;
let served: Served | undefined;
let expected: Trained | undefined;

beforeAll(async () => {
  const { path, libraries } = await findChromium();
  served = await servePages();
  browser = await chromium.launch({
    executablePath: path,
    headless: true,
    args: FLAGS,
    env: libraries === undefined ? undefined : { ...process.env, LD_LIBRARY_PATH: libraries },
  });
  expected = await trainBits(1);
}, SET_UP_MS);

afterAll(async () => {
  await browser?.close();
  served?.close();
});

/** Opens a page, whose errors fail the test. */
async function open(folder: "isolated" | "plain"): Promise<Tab> {
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
const trainInWorker = async (tab: Tab, threads: number): Promise<Trained> =>
  tab.evaluate(async (count) => (globalThis as unknown as { page: Page }).page.trainInWorker(count), threads);
const trainHere = async (tab: Tab, threads: number): ReturnType<Page["trainHere"]> =>
  tab.evaluate(async (count) => (globalThis as unknown as { page: Page }).page.trainHere(count), threads);

describe("on a page that is cross-origin isolated", () => {
  test.each([1, 2, 3])("a worker trains on %i threads with the bits of Node", async (threads) => {
    const tab = await open("isolated");
    expect(await isIsolated(tab)).toBe(true);
    expect(await trainInWorker(tab, threads)).toEqual({ ...expected, threads });
    await tab.close();
  });

  test("the page itself trains on two threads with the same bits, and is not blocked", async () => {
    const tab = await open("isolated");
    const { turns, ...trained } = await trainHere(tab, 2);
    expect(trained).toEqual({ ...expected, threads: 2 });
    expect(turns).toBeGreaterThan(trained.losses.length / 4);
    await tab.close();
  });
});

describe("on any other page", () => {
  test.each([1, 2])("asked for %i threads, a worker trains on one, with the same bits", async (threads) => {
    const tab = await open("plain");
    expect(await isIsolated(tab)).toBe(false);
    expect(await trainInWorker(tab, threads)).toEqual({ ...expected, threads: 1 });
    await tab.close();
  });
});

test("and in Node on two threads", async () => {
  expect(await trainBits(2)).toEqual({ ...expected, threads: 2 });
});
