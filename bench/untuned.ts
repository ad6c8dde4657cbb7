/**
 * `npm run untuned`: cells that nobody tuned for, each a document of equations, beside the LSTM and beside the same equations in JAX where
 * Python has it. Arguments name cells; without any, all are measured.
 * --sizes 16x32    batch and units; may stand several times. By default 16x32 and 32x128
 * --check          measures nothing: holds loss and gradients against JAX
 * --profile        instead of times, what a training step spends its own on
 */
import { compile, formatProfile, makeProfiler } from "@latchgrad/core";
import { parseArgs } from "node:util";
import { adamStep, latchgrad, SEED } from "./latchgrad.ts";
import { measure, type Effort } from "./measure.ts";
import type { PeerProcess } from "./peers/peer-process.ts";
import { openUntuned } from "./peers/python.ts";
import { format, printTable } from "./report/table.ts";
import { differenceFrom } from "./untuned/agreement.ts";
import { cellNames, multiplyAddsOf, shapesOf, untunedModel } from "./untuned/cells.ts";
import { batchOf, modelOf, multiplyAdds, nameOf, type Sizes } from "./workload.ts";

const EFFORT: Effort = { rounds: 5, turn: 60, slow: 1500, patience: 5000 };
const PROFILED_RUNS = 40;
const PROFILED_ROWS = 16;
const LSTM = "lstm";
/** Of f32 with sums in different orders. */
const MOST_DIFFERENCE = 1e-3;

/** Each cell is measured together with the LSTM, so that a busy moment of the machine meets both. */
async function timesOf(name: string, sizes: Sizes, jax: PeerProcess | undefined): Promise<readonly string[]> {
  const model = untunedModel(name, sizes);
  const batch = batchOf(sizes);
  const ours = [latchgrad(LSTM, modelOf("lstm", sizes), batch), latchgrad(name, model, batch)];
  const theirs = jax === undefined ? [] : [jax.contender("JAX", name, sizes, shapesOf(model))];
  const { timings, absent } = await measure([...ours, ...theirs], EFFORT);
  const minimum = (of: string): number => timings.find((timing) => timing.name === of)?.minimum ?? Number.NaN;
  const perProduct = minimum(name) / multiplyAddsOf(model, sizes);
  const perProductOfLstm = minimum(LSTM) / multiplyAdds("lstm", sizes);
  const inJax = Number.isNaN(minimum("JAX"))
    ? [absent["JAX"] ?? "", ""]
    : [format(minimum("JAX")), format(minimum("JAX") / minimum(name))];
  const toLstm = Number.isFinite(perProduct) ? format(perProduct / perProductOfLstm) : "no products";
  return [name, format(minimum(name)), toLstm, ...inJax];
}

async function profileOf(name: string, sizes: Sizes): Promise<string> {
  const profiler = makeProfiler();
  const { graph, initialState } = adamStep(untunedModel(name, sizes));
  const executable = await compile(graph, { state: initialState(SEED), profile: profiler });
  const batch = batchOf(sizes);
  // The first runs are of code that V8 has not compiled to its end.
  for (let run = 0; run < PROFILED_RUNS; run++) await executable.run(batch);
  profiler.reset();
  for (let run = 0; run < PROFILED_RUNS; run++) await executable.run(batch);
  executable.dispose();
  return `${name} ${nameOf(sizes)}: ${formatProfile(profiler.read(), { most: PROFILED_ROWS })}`;
}

async function check(names: readonly string[], jax: PeerProcess | undefined): Promise<void> {
  if (jax === undefined) {
    process.exitCode = 1;
    return;
  }
  for (const name of names) {
    const difference = await differenceFrom(jax, name);
    console.log(`${difference < MOST_DIFFERENCE ? "agrees" : "DIFFERS"}  ${name}  ${difference.toExponential(1)}`);
    if (!(difference < MOST_DIFFERENCE)) process.exitCode = 1;
  }
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", multiple: true, default: ["16x32", "32x128"] },
    check: { type: "boolean" },
    profile: { type: "boolean" },
  },
});
const known = cellNames();
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no document untuned/documents/${unknown[0]}.json; there are ${known.join(", ")}`);
  process.exit(1);
}
const names = positionals.length > 0 ? positionals : known;
const allSizes = options.sizes.map((text): Sizes => {
  const [, B, H] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (H === undefined) {
    console.error(`--sizes ${text}: batch and units, such as 16x32`);
    process.exit(1);
  }
  return { T: 64, B: Number(B), H: Number(H) };
});

const jax = options.profile === true ? undefined : await openUntuned();
if (jax === undefined && options.profile !== true) console.error("JAX is not found");
try {
  if (options.check === true) await check(names, jax);
  else
    for (const sizes of allSizes) {
      if (options.profile === true) {
        for (const name of names) console.log(`${await profileOf(name, sizes)}\n`);
        continue;
      }
      const rows: (readonly string[])[] = [];
      for (const name of names) rows.push(await timesOf(name, sizes, jax));
      console.log(`\n${nameOf(sizes)}, minima in milliseconds, Node ${process.version.slice(1)}\n`);
      console.log(printTable(["Cell", "Latchgrad", "Per multiply-add, LSTM = 1", "JAX", "JAX / Latchgrad"], rows));
    }
} finally {
  jax?.close();
}
