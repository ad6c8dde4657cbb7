/**
 * `npm run browser`: measures the training step on pages of a real Chromium, beside Node and beside the peers that run there; prints the report
 * and writes results/latest-browser.json. Needs a build of the packages.
 * --quick    about a minute: the small sizes, fewer turns
 * --publish  writes results/browser.json and BROWSER.md as well
 * --report   measures nothing: BROWSER.md from results/browser.json
 */
import type { Browser } from "playwright-core";
import { launchChromium } from "../test/engines/chromium.ts";
import { servePages } from "../test/engines/serve.ts";
import { measureBundles } from "./browser/bundles.ts";
import { pageFiles } from "./browser/files.ts";
import { measureFirstSteps } from "./browser/first-steps.ts";
import { measureMemory } from "./browser/memory.ts";
import type { BrowserResults } from "./browser/results.ts";
import { openTab } from "./browser/tab.ts";
import { measureOnPages } from "./browser/training.ts";
import { runBench } from "./command.ts";
import { load, machine } from "./machine.ts";
import type { Effort } from "./measure.ts";
import { printBrowserReport } from "./report/browser.ts";
import type { Group } from "./results.ts";
import { commit, peerVersions } from "./versions.ts";
import { nameOf, type Sizes } from "./workload.ts";

const QUICK: Effort = { rounds: 3, turn: 60, slow: 300, patience: 400 };
const FULL: Effort = { rounds: 7, turn: 200, slow: 1000, patience: 2000 };
const SIZES: readonly Sizes[] = [
  { T: 64, B: 16, H: 32 },
  { T: 64, B: 32, H: 128 },
  { T: 64, B: 32, H: 256 },
];
const QUICK_SIZES = SIZES.slice(0, 2);
const FIRST: Sizes = { T: 16, B: 16, H: 32 };
const PAGES = { quick: 2, full: 7 };
const MEMORY: Sizes = { T: 64, B: 32, H: 128 };
const ROUNDS = { quick: 2, full: 5 };
/** The browser counts what a page holds when it is asked, not at its next collection of garbage. */
const COUNTING = "--enable-blink-features=ForceEagerMeasureMemory";

const say = (what: string): void => {
  console.error(`measuring ${what} ...`);
};

async function measureAll(browser: Browser, url: string, quick: boolean): Promise<BrowserResults> {
  const began = performance.now();
  const loadBefore = load();
  const form = quick ? "quick" : "full";
  say("the first step of new pages");
  const first = await measureFirstSteps(browser, url, { sizes: FIRST, pages: PAGES[form] });
  say("memory");
  const memory = await measureMemory(browser, url, { sizes: MEMORY, rounds: ROUNDS[form] });
  const tabs = {
    isolated: await openTab(browser, url, "isolated"),
    plain: await openTab(browser, url, "plain"),
  };
  const training: Group[] = [];
  for (const sizes of quick ? QUICK_SIZES : SIZES) {
    say(`the training step ${nameOf(sizes)}`);
    training.push(await measureOnPages(sizes, tabs, { quick, effort: quick ? QUICK : FULL }));
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    quick,
    machine: machine(),
    loadBefore,
    browser: { name: "Chromium", version: browser.version() },
    peers: peerVersions(),
    isolated: { isolated: tabs.isolated.isolated, plain: tabs.plain.isolated },
    training,
    firstSizes: FIRST,
    first,
    bundles: await measureBundles(),
    memory,
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

/** Undefined, and said why, where there is no browser. */
async function openBrowser(): Promise<Browser | undefined> {
  try {
    return await launchChromium([COUNTING]);
  } catch (error) {
    console.error(`nothing is measured: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function measureInBrowser(quick: boolean): Promise<BrowserResults | undefined> {
  const browser = await openBrowser();
  if (browser === undefined) return undefined;
  const served = await servePages(await pageFiles());
  try {
    return await measureAll(browser, served.url, quick);
  } finally {
    await browser.close();
    served.close();
  }
}

await runBench(
  { latest: "latest-browser.json", published: "browser.json", page: "BROWSER.md" },
  measureInBrowser,
  printBrowserReport,
);
