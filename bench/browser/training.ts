/** The training step of an LSTM in Node and on pages, with the peers that run there, by turns. */
import { latchgrad } from "../latchgrad.ts";
import { load } from "../machine.ts";
import { measure, type Contender, type Effort } from "../measure.ts";
import { peak } from "../peak.ts";
import type { Group } from "../results.ts";
import { batchOf, modelOf, multiplyAdds, type Sizes } from "../workload.ts";
import type { PeerCell } from "./peer-cells.ts";
import type { Tab } from "./tab.ts";
import { VARIANTS, variantNames, type Variant } from "./variants.ts";

const STEPS = "steps-worker.js";
const PEERS = "peer-worker.js";

export const BROWSER_PEAK = "multiply-add peak, Chromium";
export const inNode = (variant: Variant): string => `Node, ${variant}`;
export const inWorker = (variant: Variant): string => `worker, ${variant}`;
export const onPage = (variant: Variant): string => `page, ${variant}`;
/** On the page without isolation, which has no threads to give. */
export const WITHOUT_ISOLATION = "worker without isolation, fast, asked for 2 threads";

/** jax-js takes as many threads as there are cores where memory can be shared, and one elsewhere; tfjs takes as many as it is told. */
const PEER_CELLS: readonly { readonly name: string; readonly cell: PeerCell; readonly isolated: boolean }[] = [
  { name: "tfjs wasm", cell: "tfjs", isolated: false },
  { name: "tfjs wasm, 2 threads", cell: "tfjs, 2 threads", isolated: true },
  { name: "jax-js wasm", cell: "wasm", isolated: false },
  { name: "jax-js wasm, all cores", cell: "wasm", isolated: true },
  { name: "jax-js webgpu", cell: "webgpu", isolated: true },
];
export const peerNames: readonly string[] = PEER_CELLS.map(({ name }) => name);

/** Up to how many multiply-adds per step a peer takes part: beyond, few steps would take longer than all the rest. */
const LARGEST = { quick: 1e8, full: 1e9 } as const;

export async function measureOnPages(
  sizes: Sizes,
  { isolated, plain }: { readonly isolated: Tab; readonly plain: Tab },
  { quick, effort }: { readonly quick: boolean; readonly effort: Effort },
): Promise<Group> {
  const model = modelOf("lstm", sizes);
  const batch = batchOf(sizes);
  const fits = multiplyAdds("lstm", sizes) <= LARGEST[quick ? "quick" : "full"];
  const peers: readonly Contender[] = PEER_CELLS.map((peer) =>
    (peer.isolated ? isolated : plain).contender(peer.name, PEERS, peer.cell, sizes),
  );
  const { timings, absent } = await measure(
    [
      peak(),
      isolated.contender(BROWSER_PEAK, STEPS, "peak", sizes),
      ...variantNames.flatMap((variant) => [
        latchgrad(inNode(variant), model, batch, VARIANTS[variant]),
        isolated.contender(inWorker(variant), STEPS, variant, sizes),
      ]),
      ...(["fast", "fast, 2 threads"] as const).map((variant) =>
        isolated.contender(onPage(variant), "page", variant, sizes),
      ),
      plain.contender(WITHOUT_ISOLATION, STEPS, "fast, 2 threads", sizes),
      ...(fits ? peers : []),
    ],
    effort,
  );
  const tooSlow = fits ? {} : Object.fromEntries(peerNames.map((name) => [name, "too slow for this size"]));
  return { sizes, timings, load: load(), absent: { ...tooSlow, ...absent } };
}
