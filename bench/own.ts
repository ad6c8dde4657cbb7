/** Latchgrad's training steps by the names of the report, here and in processes beside this one. */
import { fileURLToPath } from "node:url";
import { fusedLstm } from "./fused-lstm.ts";
import { FAST, latchgrad, REPRODUCIBLE, TWO_THREADS } from "./latchgrad.ts";
import type { Contender } from "./measure.ts";
import { PEAK, peak } from "./peak.ts";
import { openPeer, type PeerProcess } from "./peers/peer-process.ts";
import { batchOf, modelOf, type CellType, type Sizes } from "./workload.ts";

export const FUSED = "lstm, hand-fused";

/** The contender of that name: the peak, a form of the LSTM, or else a cell. */
export function ownContender(name: string, sizes: Sizes): Contender {
  const batch = batchOf(sizes);
  const lstm = (options: Parameters<typeof latchgrad>[3] = {}): Contender =>
    latchgrad(name, modelOf("lstm", sizes), batch, options);
  switch (name) {
    case PEAK:
      return peak();
    case FAST:
      return lstm();
    case TWO_THREADS:
      return lstm({ threads: 2 });
    case REPRODUCIBLE:
      return lstm({ precision: "reproducible" });
    case FUSED:
      return latchgrad(name, fusedLstm(sizes), batch);
    default:
      return latchgrad(name, modelOf(name as CellType, sizes), batch);
  }
}

/** A process that knows these contenders, by their names; the script is beside this bundle. */
export const openOwn = async (node: string, flags: readonly string[]): Promise<PeerProcess | undefined> =>
  openPeer(node, [...flags, fileURLToPath(new URL("peers/node-step.js", import.meta.url))]);

/** In how many processes a step of ours is measured: one in eight has code at an address that does not suit the processor (decision 0070). */
const PROCESSES = 3;

/** Calls `action` with what makes contenders of a name: one here, and one in each of some processes that were begun for this. */
export async function withProcesses<T>(
  sizes: Sizes,
  action: (own: (name: string) => readonly Contender[]) => Promise<T>,
): Promise<T> {
  const opened: PeerProcess[] = [];
  try {
    for (let i = 1; i < PROCESSES; i++) {
      const beside = await openOwn(process.execPath, process.execArgv);
      if (beside !== undefined) opened.push(beside);
    }
    return await action((name) => [
      ownContender(name, sizes),
      ...opened.map((beside) => beside.contender(name, name, sizes)),
    ]);
  } finally {
    for (const beside of opened) beside.close();
  }
}
