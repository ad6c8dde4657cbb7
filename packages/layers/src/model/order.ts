/** The order in which layers can be built, the cycles that prevent one, and the layers that nothing needs. */
import type { Issue } from "@latchgrad/core";
import { configIssue } from "../config/refuse.js";

/** A layer as far as its order is concerned. */
interface Ordered {
  readonly name: string;
  /** JSON pointer. */
  readonly pointer: string;
  /** What has to be there before it; names of other things than layers count nothing. */
  readonly needs: readonly string[];
}

/**
 * Sorts layers so that each comes after those it needs (Kahn's algorithm, always taking the first layer of the
 * document that is ready). Layers that wait for each other, or for such layers, are left over.
 */
export function sortLayers<Layer extends Ordered>(
  layers: readonly Layer[],
): { readonly sorted: readonly Layer[]; readonly leftOver: readonly Layer[] } {
  const done = new Set<string>();
  const isLayer = new Set(layers.map((layer) => layer.name));
  const isReady = ({ needs }: Layer): boolean => needs.every((name) => !isLayer.has(name) || done.has(name));
  const sorted: Layer[] = [];
  let waiting = layers;
  for (;;) {
    const next = waiting.find(isReady);
    if (next === undefined) return { sorted, leftOver: waiting };
    sorted.push(next);
    done.add(next.name);
    waiting = waiting.filter((layer) => layer !== next);
  }
}

/** One issue per cycle among layers that wait for each other. */
export function cycleIssues(leftOver: readonly Ordered[]): readonly Issue[] {
  const byName = new Map(leftOver.map((layer) => [layer.name, layer]));
  const reported = new Set<Ordered>();
  return leftOver.flatMap((start) => {
    // Every layer left over waits for another one, so following what it waits for ends in a cycle.
    const trail: Ordered[] = [];
    let layer: Ordered | undefined = start;
    while (layer !== undefined && !trail.includes(layer)) {
      if (reported.has(layer)) return [];
      trail.push(layer);
      layer = layer.needs.map((name) => byName.get(name)).find((needed) => needed !== undefined);
    }
    trail.forEach((each) => reported.add(each));
    if (layer === undefined) return [];
    const cycle = [...trail.slice(trail.indexOf(layer)), layer];
    return [
      configIssue("cycle", layer.pointer, {
        problem: "no layer needs its own output",
        received: cycle.map(({ name }) => name).join(" reads "),
      }),
    ];
  });
}

/** The layers that none of the wanted names needs. `sorted` is an order in which they can be built. */
export function findUnused<Layer extends Ordered>(
  sorted: readonly Layer[],
  wanted: readonly string[],
): readonly Layer[] {
  const used = new Set(wanted);
  const unused: Layer[] = [];
  for (const layer of sorted.toReversed()) {
    if (!used.has(layer.name)) unused.unshift(layer);
    else for (const name of layer.needs) used.add(name);
  }
  return unused;
}
