/** The training step of an LSTM: Latchgrad, the peers that are there, and the peak, by turns. */
import { FAST, latchgrad, REPRODUCIBLE } from "../latchgrad.ts";
import { load } from "../machine.ts";
import { measure, type Contender, type Effort } from "../measure.ts";
import { peak } from "../peak.ts";
import { jaxJs } from "../peers/jax-js.ts";
import { tfjs } from "../peers/tfjs.ts";
import type { Torch } from "../peers/torch.ts";
import type { Group } from "../results.ts";
import { batchOf, modelOf, multiplyAdds, type Sizes } from "../workload.ts";

/** Up to how many multiply-adds per step a slow peer takes part: beyond, a single step would take longer than the rest. */
const LARGEST = {
  quick: { "tfjs cpu": 1e8, "tfjs wasm": 3e9, "jax-js": 1e9 },
  full: { "tfjs cpu": 1e9, "tfjs wasm": 1e11, "jax-js": 5e9 },
} as const;

const NO_TORCH = "no Python with torch found; LATCHGRAD_PYTHON may name one";

export async function measureTraining(
  sizes: Sizes,
  { quick, effort, torch }: { readonly quick: boolean; readonly effort: Effort; readonly torch: Torch | undefined },
): Promise<Group> {
  const model = modelOf("lstm", sizes);
  const batch = batchOf(sizes);
  const work = multiplyAdds("lstm", sizes);
  const peers = {
    "tfjs wasm": () => tfjs("wasm", sizes),
    "tfjs cpu": () => tfjs("cpu", sizes),
    "jax-js": () => jaxJs(sizes),
  };
  const names = Object.keys(peers) as (keyof typeof peers)[];
  const fits = (name: keyof typeof peers): boolean => work <= LARGEST[quick ? "quick" : "full"][name];
  const contenders: readonly Contender[] = [
    peak(),
    latchgrad(FAST, model, batch),
    latchgrad(REPRODUCIBLE, model, batch, { precision: "reproducible" }),
    ...(torch === undefined ? [] : [torch.contender("nn", sizes), torch.contender("custom", sizes)]),
    ...names.filter(fits).map((name) => peers[name]()),
  ];
  return {
    sizes,
    timings: await measure(contenders, effort),
    load: load(),
    absent: {
      ...Object.fromEntries(names.filter((name) => !fits(name)).map((name) => [name, "too slow for this size"])),
      ...(torch === undefined ? { PyTorch: NO_TORCH } : {}),
    },
  };
}
