/** The machine and the engine that a run is made on. */
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

/** Whether the engine knows f32x4.relaxed_madd: a module whose only function drops its result. */
export const hasRelaxedSimd = (): boolean => {
  const zeros = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
  const body = [0, ...zeros, ...zeros, ...zeros, 0xfd, 0x85, 0x02, 0x1a, 0x0b];
  return WebAssembly.validate(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...[1, 4, 1, 0x60, 0, 0],
      ...[3, 2, 1, 0],
      ...[10, body.length + 2, 1, body.length, ...body],
    ]),
  );
};

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
