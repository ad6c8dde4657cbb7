/**
 * What executables of one process share: graphs after their passes, and compiled modules. The graph is printed and hashed with names
 * and origins, which errors of runs tell; so what is shared is the same in every respect.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { printGraph } from "../graph/print.js";
import type { Graph } from "../ir/graph.js";
import type { DimBindings } from "../shape/dim.js";
import type { Compiled } from "./compiled.js";

/** How many of each a cache holds unless told otherwise: training, evaluation, and some sizes of both. */
const MOST_ENTRIES = 32;

/** A cache to be given to `compile`, made by makeCompileCache. It holds modules, never memory or state. */
export interface CompileCache {
  /** How many modules it holds. */
  readonly modules: number;
  /**
   * The graph for this key, made at the first call.
   * @internal
   */
  optimized(key: string, make: () => Graph): Graph;
  /**
   * The module for this key, made at the first call; one that could not be made is not kept.
   * @internal
   */
  compiled(key: string, make: () => Promise<Compiled>): Promise<Compiled>;
}

/** The value of a key, which becomes the last used; beyond `most`, the one that was used longest ago goes. */
function used<T>(map: Map<string, T>, key: string, most: number, make: () => T): T {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > most) for (const oldest of [...map.keys()].slice(0, map.size - most)) map.delete(oldest);
  return value;
}

/** A cache for executables of the same graphs: `compile(graph, { cache })`. Holds the `most` last used, 32 by default. */
export function makeCompileCache({ most = MOST_ENTRIES }: { readonly most?: number } = {}): CompileCache {
  const graphs = new Map<string, Graph>();
  const modules = new Map<string, Promise<Compiled>>();
  return {
    get modules() {
      return modules.size;
    },
    optimized: (key, make) => used(graphs, key, most, make),
    compiled: async (key, make) =>
      used(modules, key, most, () => {
        const made = make();
        made.catch(() => modules.delete(key));
        return made;
      }),
  };
}

/** The key of a graph and of what is decided before its sizes are known. */
export const graphKey = (graph: Graph, options: readonly unknown[]): string =>
  bytesToHex(sha256(utf8ToBytes(`${JSON.stringify(options)}\n${printGraph(graph)}`)));

/** The key of a module of that graph. */
export const moduleKey = (graph: string, bindings: DimBindings): string =>
  `${graph} ${JSON.stringify(Object.entries(bindings).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
