/** The machine and the engine that a run is made on. */
import { hasRelaxedSimd } from "@latchgrad/core";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  readonly relaxedSimd: boolean;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  v8: process.versions.v8,
  relaxedSimd: hasRelaxedSimd(),
});

/** Processes that wanted a core, averaged over the last minute; above 1 when something else runs as well. */
export const load = (): number => loadavg()[0];
