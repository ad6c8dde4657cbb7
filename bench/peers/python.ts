/** PyTorch and JAX as contenders: one process for each and each number of threads. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openPeer, type PeerProcess } from "./peer-process.ts";

export interface PythonPeers {
  readonly torch: ByThreads | undefined;
  readonly jax: ByThreads | undefined;
}

/** The same framework with one thread and with two. */
export interface ByThreads {
  readonly version: string;
  readonly one: PeerProcess;
  readonly two: PeerProcess;
}

// The bundle is one folder deeper than the package.
const folder = new URL("../", import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, folder));

/** Where `npm run peers` puts its Python. */
const INSTALLED = [".venv/bin/python", ".venv/Scripts/python.exe"].map(pathOf);

/** LATCHGRAD_PYTHON if it is set, else what `npm run peers` installed, else python3. */
const python = (): string => process.env.LATCHGRAD_PYTHON ?? INSTALLED.find((path) => existsSync(path)) ?? "python3";

async function open(script: string): Promise<ByThreads | undefined> {
  const [one, two] = await Promise.all(
    [1, 2].map(async (threads) => openPeer(python(), [pathOf(`peers/${script}`), String(threads)])),
  );
  if (one !== undefined && two !== undefined) return { version: one.version, one, two };
  one?.close();
  two?.close();
  return undefined;
}

/** JAX with one thread, which knows the cells that nobody tuned for. */
export const openUntuned = async (): Promise<PeerProcess | undefined> =>
  openPeer(python(), [pathOf("peers/jax_untuned.py"), "1"]);

export const openPython = async (): Promise<PythonPeers> => ({
  torch: await open("torch_step.py"),
  jax: await open("jax_step.py"),
});

export function closePython({ torch, jax }: PythonPeers): void {
  for (const peer of [torch?.one, torch?.two, jax?.one, jax?.two]) peer?.close();
}
