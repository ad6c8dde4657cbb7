/** What loops keep for all of their steps: the memory that checkpoints save. */
import { opOf } from "../graph/builder.js";
import type { Graph, ValueId } from "../ir/graph.js";
import { valueTypes } from "../ir/graph.js";
import { makersOf } from "../ir/uses.js";
import { loopPartsOf } from "../passes/loops.js";
import { typicalBytes } from "../shape/typical-bytes.js";

export interface LoopRows {
  readonly bytes: number;
  /** Where the loops come from, those with the most bytes first. */
  readonly origins: readonly string[];
}

/**
 * The rows that loops of a graph without symbols read and leave for all of their steps, where these are not kept apart already; without what the
 * graph is given.
 */
export function rowsOfLoops(graph: Graph): LoopRows {
  const types = valueTypes(graph);
  const makers = makersOf(graph);
  /** What a view shows. */
  const shownBy = (id: ValueId): ValueId => {
    for (let shown = id; ;) {
      const maker = makers[shown];
      if (maker === undefined || opOf(maker).traits.view !== true) return shown;
      [shown] = maker.inputs;
    }
  };
  const seen = new Set<ValueId>();
  const byOrigin = new Map<string, number>();
  for (const node of graph.nodes) {
    const loop = node.regions.length === 1 ? loopPartsOf(node, node.regions[0]) : undefined;
    if (loop === undefined || loop.apart) continue;
    const { consts, carries, rows } = loop.params;
    const firstRow = consts.length + carries.length;
    const read = node.inputs.slice(firstRow, firstRow + rows.length).map(shownBy);
    const left = [...node.types.keys()].slice(carries.length).map((k) => node.id + k);
    for (const id of [...read, ...left]) {
      if (seen.has(id) || id < graph.params.length) continue;
      seen.add(id);
      const origin = node.origin ?? "";
      byOrigin.set(origin, (byOrigin.get(origin) ?? 0) + typicalBytes(types[id]));
    }
  }
  const found = [...byOrigin].sort(([, a], [, b]) => b - a);
  return {
    bytes: found.reduce((sum, [, bytes]) => sum + bytes, 0),
    origins: found.flatMap(([origin]) => (origin === "" ? [] : [origin])),
  };
}
