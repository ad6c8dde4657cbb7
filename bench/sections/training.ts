/** The training step of an LSTM: Latchgrad, the peers that are there, and the peak, by turns. */
import {
  FAST,
  NODE_20,
  NODE_20_PEAK,
  NODE_20_RELAXED,
  NODE_20_RELAXED_PEAK,
  REPRODUCIBLE,
  TWO_THREADS,
} from "../latchgrad.ts";
import { load } from "../machine.ts";
import { measure, type Contender, type Effort } from "../measure.ts";
import { withProcesses } from "../own.ts";
import { PEAK, peak, peakOfTwo } from "../peak.ts";
import { jaxJs } from "../peers/jax-js.ts";
import type { OtherNode } from "../peers/other-node.ts";
import type { ByThreads, PythonPeers } from "../peers/python.ts";
import { tfjs } from "../peers/tfjs.ts";
import type { Group } from "../results.ts";
import { multiplyAdds, type Sizes } from "../workload.ts";

/** Up to how many multiply-adds per step a slow peer takes part: beyond, a single step would take longer than the rest. */
const LARGEST = {
  quick: { "tfjs cpu": 1e8, "tfjs wasm": 1e9, "jax-js": 1e8 },
  full: { "tfjs cpu": 1e9, "tfjs wasm": 1e11, "jax-js": 5e9 },
} as const;

const NO_PYTHON = "no Python with it found; `npm run peers` installs one";
const NO_NODE_20 = "none found";

export interface Peers extends PythonPeers {
  readonly node20: OtherNode | undefined;
}

const byThreads = (framework: ByThreads | undefined, name: string, cell: string, sizes: Sizes): readonly Contender[] =>
  framework === undefined
    ? []
    : [framework.one.contender(name, cell, sizes), framework.two.contender(`${name}, 2 threads`, cell, sizes)];

/** With the peak as each engine reaches it. */
const onNode20 = (node: OtherNode | undefined, sizes: Sizes): readonly Contender[] =>
  node === undefined
    ? []
    : [
        node.plain.contender(NODE_20, "lstm", sizes),
        node.plain.contender(NODE_20_PEAK, PEAK, sizes),
        node.relaxed.contender(NODE_20_RELAXED, "lstm", sizes),
        node.relaxed.contender(NODE_20_RELAXED_PEAK, PEAK, sizes),
      ];

export async function measureTraining(
  sizes: Sizes,
  { quick, effort, peers }: { readonly quick: boolean; readonly effort: Effort; readonly peers: Peers },
): Promise<Group> {
  const work = multiplyAdds("lstm", sizes);
  const inProcess = {
    "tfjs wasm": () => tfjs("wasm", sizes),
    "tfjs cpu": () => tfjs("cpu", sizes),
    "jax-js": () => jaxJs(sizes),
  };
  const names = Object.keys(inProcess) as (keyof typeof inProcess)[];
  const fits = (name: keyof typeof inProcess): boolean => work <= LARGEST[quick ? "quick" : "full"][name];
  const { timings, absent } = await withProcesses(sizes, async (own) =>
    measure(
      [
        peak(),
        peakOfTwo(),
        ...[FAST, TWO_THREADS, REPRODUCIBLE].flatMap(own),
        ...onNode20(peers.node20, sizes),
        ...byThreads(peers.torch, "PyTorch nn.LSTM", "nn", sizes),
        ...byThreads(peers.torch, "PyTorch custom cell", "lstm", sizes),
        ...byThreads(peers.jax, "JAX scan", "lstm", sizes),
        ...names.filter(fits).map((name) => inProcess[name]()),
      ],
      effort,
    ),
  );
  return {
    sizes,
    timings,
    load: load(),
    absent: {
      ...Object.fromEntries(names.filter((name) => !fits(name)).map((name) => [name, "too slow for this size"])),
      ...(peers.torch === undefined ? { PyTorch: NO_PYTHON } : {}),
      ...(peers.jax === undefined ? { JAX: NO_PYTHON } : {}),
      ...(peers.node20 === undefined ? { "Node 20": NO_NODE_20 } : {}),
      ...absent,
    },
  };
}
