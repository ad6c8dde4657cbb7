/**
 * `npm run cold`: what comes before the first loss in a new process, part by part, where V8 has compiled nothing yet. Starts
 * 20 processes one after the other, or as many as the argument says; medians and minima. Beside them what is left when V8 compiles
 * all functions while it loads them, and the same parts for the second time in a process.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LOADING, measureOnce, type Parts } from "./first-steps.ts";
import { median } from "./measure.ts";
import { format, printTable } from "./report/table.ts";
import { nameOf, type Sizes } from "./workload.ts";

const SIZES: Sizes = { T: 16, B: 16, H: 32 };
const PROCESSES = 20;
/** The argument of a process that measures itself. */
const ONE = "one";
/** Compiles functions when they are loaded instead of when they are called first. */
const COMPILED_BEFORE = "--no-lazy";

/** What a process says of itself: its first time and its second. */
type Measured = readonly [Parts, Parts];

async function main(argument: string | undefined): Promise<void> {
  if (argument === ONE) {
    const first = await measureOnce(SIZES);
    console.log(JSON.stringify([first, await measureOnce(SIZES)] satisfies Measured));
    return;
  }
  const self = fileURLToPath(import.meta.url);
  const start = (...flags: readonly string[]): Measured =>
    JSON.parse(execFileSync(process.execPath, [...flags, self, ONE], { encoding: "utf8" })) as Measured;
  const runs = Array.from({ length: argument === undefined ? PROCESSES : Number(argument) }, () => ({
    lazy: start(),
    before: start(COMPILED_BEFORE),
  }));
  const rows = Object.keys(runs[0].lazy[0]).map((part) => {
    const times = runs.map(({ lazy: [first] }) => first[part]);
    const compiled = runs.map(({ before: [first] }) => first[part]);
    const again = runs.map(({ lazy: [, second] }) => second[part]);
    return [
      part,
      format(median(times)),
      format(Math.min(...times)),
      format(median(compiled)),
      part === LOADING ? "" : format(median(again)),
    ];
  });
  console.log(`LSTM ${nameOf(SIZES)}, ${runs.length} processes, Node ${process.version.slice(1)}\n`);
  console.log(printTable(["", "Median, ms", "Minimum, ms", COMPILED_BEFORE, "Second time"], rows));
}

await main(process.argv[2]);
