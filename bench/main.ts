/**
 * `npm run bench`: measures, prints the report and writes results/latest.json.
 * --quick    about a minute: the small sizes, fewer turns
 * --publish  writes results/published.json and RESULTS.md as well
 * --report   measures nothing: RESULTS.md from results/published.json
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { load, machine } from "./machine.ts";
import type { Effort } from "./measure.ts";
import { openTorch } from "./peers/torch.ts";
import { printReport } from "./report/report.ts";
import type { Compilation, Group, Product, Results } from "./results.ts";
import { measureCells } from "./sections/cells.ts";
import { measureCompilation } from "./sections/compilation.ts";
import { measureProduct } from "./sections/products.ts";
import { measureTraining } from "./sections/training.ts";
import { nameOf, type Sizes } from "./workload.ts";

const QUICK: Effort = { rounds: 4, turn: 60, slow: 400, patience: 400 };
const FULL: Effort = { rounds: 7, turn: 300, slow: 1500, patience: 5000 };

/** Batch and units; the input has as many features as the layer has units. */
const SMALL = [16, 32] as const;
const MIDDLE = [32, 128] as const;
const WIDE = [32, 256] as const;
const LARGE = [64, 512] as const;
const PRODUCTS = [64, 256, 512];
const LENGTHS = [16, 64, 256, 1024, 4096];
const STEPS_OF_TIME = 64;

const sizesOf = ([B, H]: readonly [number, number], T = STEPS_OF_TIME): Sizes => ({ T, B, H });

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", ":/packages") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

/** Of this package's dependencies, which other frameworks are. */
function peerVersions(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { devDependencies } = JSON.parse(text) as { devDependencies: Readonly<Record<string, string>> };
  return { tfjs: devDependencies["@tensorflow/tfjs-core"], "jax-js": devDependencies["@jax-js/jax"] };
}

async function measureAll(quick: boolean): Promise<Results> {
  const effort = quick ? QUICK : FULL;
  const say = (what: string): void => {
    console.error(`measuring ${what} ...`);
  };
  const loadBefore = load();
  const torch = await openTorch();
  if (torch === undefined) console.error("PyTorch is left out: set LATCHGRAD_PYTHON to a Python with torch");

  const products: Product[] = [];
  for (const size of PRODUCTS) {
    say(`the product of size ${size}`);
    products.push(await measureProduct(size, effort));
  }
  const training: Group[] = [];
  for (const sizes of [SMALL, MIDDLE, WIDE, ...(quick ? [] : [LARGE])].map((each) => sizesOf(each))) {
    say(`the training step ${nameOf(sizes)}`);
    training.push(await measureTraining(sizes, { quick, effort, torch }));
  }
  torch?.close();
  const cells: Group[] = [];
  for (const sizes of [SMALL, MIDDLE, ...(quick ? [] : [WIDE])].map((each) => sizesOf(each))) {
    say(`cells ${nameOf(sizes)}`);
    cells.push(await measureCells(sizes, effort));
  }
  const compilations: Compilation[] = [];
  for (const sizes of [...LENGTHS.map((T) => sizesOf(SMALL, T)), ...[MIDDLE, WIDE].map((each) => sizesOf(each))]) {
    say(`compilation ${nameOf(sizes)}`);
    compilations.push(await measureCompilation(sizes, effort));
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    quick,
    machine: machine(),
    loadBefore,
    peers: { ...peerVersions(), ...(torch === undefined ? {} : { PyTorch: torch.version }) },
    training,
    products,
    cells,
    compilations,
  };
}

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, publish: { type: "boolean" }, report: { type: "boolean" } },
});
// The bundle is one folder deeper than the package.
const folder = new URL("../", import.meta.url);
const published = new URL("results/published.json", folder);
const page = new URL("RESULTS.md", folder);

if (options.report === true) {
  writeFileSync(page, printReport(JSON.parse(readFileSync(published, "utf8")) as Results));
} else {
  const results = await measureAll(options.quick === true);
  const text = `${JSON.stringify(results, null, 2)}\n`;
  mkdirSync(new URL("results/", folder), { recursive: true });
  writeFileSync(new URL("results/latest.json", folder), text);
  console.log(printReport(results));
  if (options.publish === true) {
    writeFileSync(published, text);
    writeFileSync(page, printReport(results));
  }
}
