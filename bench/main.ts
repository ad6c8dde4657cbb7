/**
 * `npm run bench`: measures, prints the report and writes results/latest.json.
 * --quick    about a minute: the small sizes, fewer turns
 * --publish  writes results/published.json and RESULTS.md as well
 * --report   measures nothing: RESULTS.md from results/published.json
 */
import { runBench } from "./command.ts";
import { load, machine } from "./machine.ts";
import type { Effort } from "./measure.ts";
import { closeNode20, openNode20 } from "./peers/other-node.ts";
import { closePython, openPython } from "./peers/python.ts";
import { printReport } from "./report/report.ts";
import type { Checkpointing, Group, Product, Results } from "./results.ts";
import { measureCells } from "./sections/cells.ts";
import { measureCompilations } from "./sections/compilation.ts";
import { measureCheckpoints, measureHeap, planOf } from "./sections/memory.ts";
import { measureProduct, PRODUCTS } from "./sections/products.ts";
import { measureTraining, type Peers } from "./sections/training.ts";
import { commit, peerVersions } from "./versions.ts";
import { nameOf, type Sizes } from "./workload.ts";

const QUICK: Effort = { rounds: 3, turn: 40, slow: 300, patience: 400 };
const FULL: Effort = { rounds: 5, turn: 300, slow: 1500, patience: 5000 };

/** Batch and units; the input has as many features as the layer has units. */
const SMALL = [16, 32] as const;
const MIDDLE = [32, 128] as const;
const WIDE = [32, 256] as const;
const LARGE = [64, 512] as const;
const LENGTHS = [16, 64, 256, 1024, 4096];
const STEPS_OF_TIME = 64;
/** What is trained with checkpoints and without: a cell of the library, one with many values per step, and one of equations. */
const CHECKPOINTED = {
  quick: { cells: ["lstm"], lengths: [64, 1024] },
  full: { cells: ["lstm", "lstmLayerNorm", "cifg"], lengths: [64, 256, 1024, 4096, 16_384] },
} as const;
/** How often each size is compiled. */
const COMPILATIONS = { quick: 2, full: 5 };
const RUNS_FOR_HEAP = { quick: 1000, full: 10_000 };

const sizesOf = ([B, H]: readonly [number, number], T = STEPS_OF_TIME): Sizes => ({ T, B, H });

/** Cells whose plans are shown, and how the LSTM's grows with T, with and without checkpoints. */
const plans = (): Results["plans"] => [
  ...(["lstm", "gru", "lstmLayerNorm"] as const).map((cell) => planOf(cell, sizesOf(MIDDLE), "none")),
  ...(["none", "sqrt"] as const).flatMap((checkpoint) =>
    LENGTHS.map((T) => planOf("lstm", sizesOf(SMALL, T), checkpoint)),
  ),
];

const say = (what: string): void => {
  console.error(`measuring ${what} ...`);
};

async function measureWith(peers: Peers, quick: boolean): Promise<Pick<Results, "products" | "training" | "cells">> {
  const effort = quick ? QUICK : FULL;
  const products: Product[] = [];
  for (const sizes of PRODUCTS) {
    say(`the product of ${Object.values(sizes).join(" x ")}`);
    products.push(await measureProduct(sizes, effort));
  }
  const training: Group[] = [];
  for (const sizes of [SMALL, MIDDLE, ...(quick ? [] : [WIDE, LARGE])].map((each) => sizesOf(each))) {
    say(`the training step ${nameOf(sizes)}`);
    training.push(await measureTraining(sizes, { quick, effort, peers }));
  }
  const cells: Group[] = [];
  for (const sizes of [SMALL, ...(quick ? [] : [MIDDLE, WIDE])].map((each) => sizesOf(each))) {
    say(`cells ${nameOf(sizes)}`);
    cells.push(await measureCells(sizes, effort, peers));
  }
  return { products, training, cells };
}

async function measureAll(quick: boolean): Promise<Results> {
  const began = performance.now();
  const loadBefore = load();
  const form = quick ? "quick" : "full";
  // First, so that the compilation of the first size is the first one of the process.
  say("compilation and growing lengths");
  const compilations = await measureCompilations(
    [...LENGTHS.map((T) => sizesOf(SMALL, T)), ...[MIDDLE, WIDE].map((each) => sizesOf(each))],
    COMPILATIONS[form],
    quick ? QUICK : FULL,
  );
  say("memory");
  const checkpoints: Checkpointing[] = [];
  for (const cell of CHECKPOINTED[form].cells)
    for (const T of CHECKPOINTED[form].lengths)
      checkpoints.push(await measureCheckpoints(cell, sizesOf(SMALL, T), quick ? QUICK : FULL));
  const heap = await measureHeap(sizesOf(SMALL, 16), RUNS_FOR_HEAP[form]);
  const peers: Peers = { ...(await openPython()), node20: await openNode20() };
  for (const [name, peer] of Object.entries(peers)) if (peer === undefined) console.error(`${name} is not found`);
  const versions = Object.entries({ PyTorch: peers.torch, JAX: peers.jax, "Latchgrad on Node": peers.node20 });
  try {
    return {
      date: new Date().toISOString().slice(0, 10),
      commit: commit(),
      quick,
      machine: machine(),
      loadBefore,
      peers: {
        ...peerVersions(),
        ...Object.fromEntries(versions.flatMap(([name, peer]) => (peer === undefined ? [] : [[name, peer.version]]))),
      },
      ...(await measureWith(peers, quick)),
      compilations,
      plans: plans(),
      checkpoints,
      heap,
      seconds: Math.round((performance.now() - began) / 1000),
    };
  } finally {
    closePython(peers);
    closeNode20(peers.node20);
  }
}

await runBench({ latest: "latest.json", published: "published.json", page: "RESULTS.md" }, measureAll, printReport);
