/**
 * Hoisting: what a loop computes from its rows and consts alone, it can compute
 * for all steps before it begins. Above all the products of the inputs with their
 * weights: T products of [B, input] by [input, units] become one of [T·B, input].
 */
import { isCheap, opOf } from "../graph/builder.js";
import { valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { countReads, makersOf } from "../ir/uses.js";
import { dotGeneral } from "../ops/dot-general.js";
import { LARGE_IN_A_STEP, typicalBytes } from "../shape/typical-bytes.js";
import { rewriteLoops, type LoopParts, type RewriteLoop } from "./loops.js";
import type { Pass } from "./pass.js";
import { bringOut, givenOutside, resultsBeside, variationsOf, type Variation } from "./outside.js";

/** Values that somebody reads who is not elementwise, so that they are in memory in any case: factors of a product, what is repeated or summed. */
const readInMemory = (body: Graph): ReadonlySet<ValueId> =>
  new Set(body.nodes.flatMap((node) => (opOf(node).traits.elementwise === true ? [] : node.inputs)));

/**
 * The nodes to hoist: expensive ones, those that make what is wanted, what they read, and cheap ones that only continue a hoisted value. Also
 * cheap ones that are the same in every step, such as a mask times weights, where a loop over elements does not compute them on its way.
 */
function chooseNodes(body: Graph, found: readonly Variation[], wantedOutputs: readonly ValueId[]): readonly Node[] {
  const chosen = new Set<Node>();
  const wanted = new Set<ValueId>(wantedOutputs);
  const inMemory = readInMemory(body);
  const isFixedAndStored = (node: Node): boolean =>
    found[node.id] === "fixed" && opOf(node).traits.elementwise === true && inMemory.has(node.id);
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    const node = body.nodes[i];
    if (found[node.id] === "by carry") continue;
    if (isCheap(node) && !wanted.has(node.id) && !isFixedAndStored(node)) continue;
    chosen.add(node);
    for (const id of node.inputs) wanted.add(id);
  }
  const readers = countReads(body);
  const makers = makersOf(body);
  const include = (node: Node): void => {
    if (chosen.has(node)) return;
    chosen.add(node);
    for (const id of node.inputs) {
      const producer = makers[id];
      if (producer !== undefined) include(producer);
    }
  };
  for (const node of body.nodes) {
    if (chosen.has(node) || found[node.id] !== "by row" || opOf(node).traits.elementwise !== true) continue;
    const continues = node.inputs.some((id) => {
      const producer = makers[id];
      return producer !== undefined && chosen.has(producer) && found[id] === "by row" && readers[id] === 1;
    });
    const fromRows = node.inputs.some((id) => found[id] === "by row" && !chosen.has(makers[id] ?? node));
    if (continues && !fromRows) include(node);
  }
  return [...chosen];
}

/**
 * Products that gain nothing from all steps at once, because both operands differ from step to step and one is a large row, such as a matrix state on
 * the way back, of which the step before has read the neighbour: rows of all steps are not near when they are multiplied at once. Decision 0075.
 */
function findBestInside({ body, params }: LoopParts, found: readonly Variation[]): readonly Node[] {
  if (params.carries.length === 0) return [];
  const types = valueTypes(body);
  const firstRow = params.consts.length + params.carries.length;
  const isLargeRow = (id: ValueId): boolean =>
    id >= firstRow && id < body.params.length - 1 && typicalBytes(types[id]) >= LARGE_IN_A_STEP;
  return body.nodes.filter(
    (node) =>
      opOf(node) === (dotGeneral as unknown) &&
      node.inputs.every((id) => found[id] === "by row") &&
      node.inputs.some(isLargeRow),
  );
}

function planHoist(loop: LoopParts): RewriteLoop | undefined {
  const { op, body, params, node } = loop;
  const { reshaped } = op;
  if (reshaped === undefined) return undefined;
  // Without carries there is no reason for a loop, and the index is a row like others.
  const known = new Map<ValueId, Variation>(
    params.carries.length > 0 || loop.apart ? [] : [[body.params.length - 1, "by row"]],
  );
  const everywhere = variationsOf(loop, known);
  const inside = findBestInside(loop, everywhere).map(({ id }) => [id, "by carry"] as const);
  const found = inside.length === 0 ? everywhere : variationsOf(loop, new Map([...known, ...inside]));
  // What is stacked anyway need not be made step by step; where steps are skipped, it is not what the body makes of it.
  const ys = op.skipsSteps?.(node.attrs) === false ? body.outputs.slice(params.carries.length) : [];
  const free = ys.flatMap(({ value }) => (found[value] === "by carry" ? [] : [value]));
  const chosen = chooseNodes(body, found, free);
  if (chosen.length + free.length === 0) return undefined;
  return (g, given) => {
    const outside = givenOutside(given);
    bringOut(g, given, outside, [...chosen.map((each) => each.id), ...free]);
    return resultsBeside(g, given, reshaped, outside, new Map());
  };
}

/** Moves what does not depend on carries out of loops, to run once for all steps. */
export const hoist: Pass = {
  name: "hoist",
  summary: "Moves what does not depend on carries out of loops, to run once for all steps.",
  run: (graph) => rewriteLoops(graph, planHoist),
};
