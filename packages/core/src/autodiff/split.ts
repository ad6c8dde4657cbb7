/**
 * The split of a region for reverse mode: which values the forward pass keeps
 * for the backward pass, and which the backward pass computes again.
 *
 * Values that cost much are kept (contractions, transcendental functions, whatever
 * an op does not call cheap); cheap ones may be computed again from what is there. Among
 * all such choices the one that keeps the fewest bytes is a minimum cut between the
 * expensive values and the backward pass, as in min-cut rematerialization (Chen et al.
 * 2016 for the idea of recomputing; the PyTorch AOTAutograd partitioner for the cut).
 */
import { buildScope, isCheap, type BuilderScope } from "../graph/builder.js";
import type { Graph, ValueId } from "../ir/graph.js";
import { valueCount, valueNames, valueTypes } from "../ir/graph.js";
import { makersOf } from "../ir/uses.js";
import type { Residual, SplitRegion, SplitRequest, Value } from "../ops/op.js";
import { filled } from "../ops/rules.js";
import { LARGE_IN_A_STEP, typicalBytes } from "../shape/typical-bytes.js";
import { flowNetwork } from "./min-cut.js";
import { reverse } from "./reverse.js";

/** Forward and backward nodes of a region in one graph: (params, cotangents) → (outputs, cotangents of active params). */
function joinPasses(region: Graph, { active, live }: SplitRequest): Graph {
  const g = buildScope(region.name);
  const inputs = region.params.map((param) => g.param(param.name, param.type, param.origin));
  const { outputs, pull } = reverse(g, region, { inputs, active, live, split: splitRegion });
  const cotangents = region.outputs.map((output, i) =>
    live[i] ? g.param(`ct.${output.name}`, outputs[i].type) : undefined,
  );
  const pulled = pull(cotangents);
  const results = region.params.flatMap((param, i) => (active[i] ? [pulled[i] ?? filled(g.emit, param.type, 0)] : []));
  const named = [...outputs, ...results].map((value, i): readonly [string, Value] => [`${i}`, value]);
  return g.build(Object.fromEntries(named));
}

interface Choice {
  /** Where the backward pass finds a value of the forward pass that it does not compute. */
  readonly given: ReadonlyMap<ValueId, Residual>;
}

/** `kept`: values that are in a stack whatever is chosen, beside free outputs. */
function chooseResiduals(
  joint: Graph,
  region: Graph,
  request: SplitRequest,
  isBackward: readonly boolean[],
  kept: ReadonlySet<ValueId> = new Set(),
): Choice {
  const count = valueCount(joint);
  const types = valueTypes(joint);
  const madeBy = makersOf(joint);
  const outputAt = new Map<ValueId, number>();
  region.outputs.forEach((_, i) => {
    const { value } = joint.outputs[i];
    if (request.freeOutputs[i] && !outputAt.has(value)) outputAt.set(value, i);
  });

  // Vertices 2v and 2v+1: value v before and behind the point where it could be kept.
  const source = 2 * count;
  const sink = source + 1;
  const network = flowNetwork(2 * count + 2);
  const seen = new Set<ValueId>();
  const pending: ValueId[] = [];
  const need = (id: ValueId): void => {
    if (seen.has(id)) return;
    seen.add(id);
    pending.push(id);
  };
  const readByBackward = new Set<ValueId>();
  const neededResults = joint.outputs.slice(region.outputs.length);
  for (const { value } of neededResults) if (!isBackward[value]) readByBackward.add(value);
  for (const node of joint.nodes)
    if (isBackward[node.id]) for (const id of node.inputs) if (!isBackward[id]) readByBackward.add(id);
  for (const id of readByBackward) {
    network.edge(2 * id + 1, sink, Infinity);
    need(id);
  }
  /** The value of which this parameter is what the run before made; only where that value is kept if it is needed at all. */
  const valueBefore = (param: ValueId): ValueId | undefined => {
    const output = request.outputBefore[param];
    if (output === undefined || request.freeParams[param]) return undefined;
    const { value } = joint.outputs[output];
    const node = madeBy[value];
    return node === undefined || isCheap(node) ? undefined : value;
  };
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const isParam = id < region.params.length;
    const isFree = outputAt.has(id) || kept.has(id) || (isParam && request.freeParams[id]);
    network.edge(2 * id, 2 * id + 1, isFree ? 0 : typicalBytes(types[id]));
    if (isParam) {
      const before = valueBefore(id);
      if (before === undefined) network.edge(source, 2 * id, Infinity);
      else {
        network.edge(2 * before + 1, 2 * id, Infinity);
        need(before);
      }
      continue;
    }
    const node = madeBy[id];
    if (node === undefined) continue;
    if (isCheap(node))
      for (const input of node.inputs) {
        network.edge(2 * input + 1, 2 * id, Infinity);
        need(input);
      }
    else network.edge(source, 2 * id, Infinity);
  }
  const atSink = network.sinkSide(source, sink) ?? [];
  const given = new Map<ValueId, Residual>();
  let saved = 0;
  for (const id of [...seen].sort((a, b) => a - b)) {
    if (atSink[2 * id] || !atSink[2 * id + 1]) continue;
    const output = outputAt.get(id);
    if (id < region.params.length && request.freeParams[id]) given.set(id, { kind: "param", index: id });
    else if (output !== undefined) given.set(id, { kind: "output", index: output });
    else given.set(id, { kind: "saved", index: saved++ });
  }
  for (const param of region.params.keys()) {
    const before = seen.has(param) && atSink[2 * param] ? valueBefore(param) : undefined;
    const saving = before === undefined ? undefined : given.get(before);
    if (saving !== undefined) given.set(param, { kind: "before", index: saving.index, param });
  }
  if (kept.size > 0) return { given };
  // A carry that is kept for each step is there behind each step too, a row on in the same stack: a large one is not computed again.
  const alsoThere = request.outputBefore.flatMap((output, param) => {
    if (output === undefined || given.get(param)?.kind !== "saved") return [];
    const { value } = joint.outputs[output];
    const isLarge = typicalBytes(types[value]) >= LARGE_IN_A_STEP;
    return isLarge && madeBy[value] !== undefined && readByBackward.has(value) && !given.has(value) ? [value] : [];
  });
  return alsoThere.length === 0 ? { given } : chooseResiduals(joint, region, request, isBackward, new Set(alsoThere));
}

/** Copies into `g` the nodes that `wanted` need, given the values already there. */
function copyNeeded(
  g: BuilderScope,
  joint: Graph,
  there: Map<ValueId, Value>,
  wanted: readonly ValueId[],
): readonly Value[] {
  const needed = new Set(wanted);
  for (let i = joint.nodes.length - 1; i >= 0; i--) {
    const node = joint.nodes[i];
    if (node.types.some((_, k) => needed.has(node.id + k) && !there.has(node.id + k)))
      for (const id of node.inputs) needed.add(id);
  }
  const valueOf = (id: ValueId): Value => there.get(id) as Value;
  for (const node of joint.nodes) {
    if (!node.types.some((_, k) => needed.has(node.id + k) && !there.has(node.id + k))) continue;
    const results = g.copy(node, node.inputs.map(valueOf));
    results.forEach((value, k) => {
      if (!there.has(node.id + k)) there.set(node.id + k, value);
    });
  }
  return wanted.map(valueOf);
}

/**
 * Of each value: whether its node needs a parameter from `firstParam` on, directly or through others. A loop that
 * reads a cotangent counts as a whole, also where one of its results does not depend on it.
 */
function valuesBehind(graph: Graph, firstParam: number): readonly boolean[] {
  const behind = graph.params.map((_, id) => id >= firstParam);
  for (const node of graph.nodes) {
    const reads = node.inputs.some((id) => behind[id]);
    behind.push(...node.types.map(() => reads));
  }
  return behind;
}

/** Splits a region into a forward graph that also returns residuals, and a backward graph that takes them. */
export function splitRegion(region: Graph, request: SplitRequest): SplitRegion {
  const joint = joinPasses(region, request);
  const paramCount = region.params.length;
  const isBackward = valuesBehind(joint, paramCount);
  const { given } = chooseResiduals(joint, region, request, isBackward);
  const types = valueTypes(joint);
  const names = valueNames(joint);
  const numbered = (values: readonly Value[]): Readonly<Record<string, Value>> =>
    Object.fromEntries(values.map((value, i) => [`${i}`, value]));

  const forward = buildScope(region.name);
  const forwardThere = new Map<ValueId, Value>(
    region.params.map((param, id) => [id, forward.param(param.name, param.type, param.origin)]),
  );
  const savedIds = [...given].filter(([, residual]) => residual.kind === "saved").map(([id]) => id);
  const outputIds = joint.outputs.slice(0, region.outputs.length).map((output) => output.value);
  const kept = copyNeeded(forward, joint, forwardThere, [...outputIds, ...savedIds]);

  const backward = buildScope(`${region.name}.backward`);
  const backwardThere = new Map<ValueId, Value>();
  for (const id of given.keys()) backwardThere.set(id, backward.param(names[id], types[id]));
  for (let id = paramCount; id < joint.params.length; id++) backwardThere.set(id, backward.param(names[id], types[id]));
  const resultIds = joint.outputs.slice(region.outputs.length).map((output) => output.value);
  const results = copyNeeded(backward, joint, backwardThere, resultIds);
  return {
    forward: forward.build(numbered(kept)),
    backward: backward.build(numbered(results)),
    needed: [...given.values()],
  };
}
