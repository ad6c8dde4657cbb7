/** Where peers are faster, by how much, and what is known of the reason. */
import { FAST, TWO_THREADS } from "../latchgrad.ts";
import type { Group, Results } from "../results.ts";
import { inJax, inTorch, OWN_CELLS } from "../sections/cells.ts";
import { nameOf } from "../workload.ts";
import { medianOf } from "./figures.ts";
import { format } from "./table.ts";

/** Differences below 2 % are noise on a shared machine. */
const CLEARLY = 0.98;

/** A sentence for each peer that is faster than we are with as many threads. */
function fasterPeers({ sizes, timings }: Group): readonly string[] {
  const ours = (name: string): string => (name.endsWith("2 threads") ? TWO_THREADS : FAST);
  return timings
    .filter(
      ({ name, median }) => !/^(Latchgrad|multiply-add)/.test(name) && median < CLEARLY * medianOf(timings, ours(name)),
    )
    .map(
      ({ name, median }) =>
        `${nameOf(sizes)}: ${name} is ${format(medianOf(timings, ours(name)) / median)} times as fast as ${ours(name)}.`,
    );
}

const fasterCells = ({ sizes, timings }: Group): readonly string[] =>
  OWN_CELLS.flatMap((cell) =>
    [inTorch(cell), inJax(cell)].flatMap((peer) => {
      const factor = medianOf(timings, cell) / medianOf(timings, peer);
      return factor * CLEARLY > 1 ? [`${nameOf(sizes)}: ${peer}, is ${format(factor)} times as fast as ours.`] : [];
    }),
  );

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

const WHY =
  "PyTorch's and XLA's products use the widest registers of the processor (PyTorch's instructions stand behind its version above): with AVX2 8 numbers " +
  "at a time, with AVX-512 16; WebAssembly has 4. Where a peer is above 100 % of the peak, no WebAssembly can follow; the fraction of the peak " +
  "says how much is left to gain below it.";

export function losses({ training, cells }: Results): string {
  const peers = [...training.flatMap(fasterPeers), ...cells.flatMap(fasterCells)];
  return peers.length === 0 ? "None of the peers that took part was faster." : `${list(peers)}\n\n${WHY}`;
}
