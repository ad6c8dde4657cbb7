/**
 * Narrowing: of a loop stays what is read. Carries and stacked outputs that lead to no output of the graph go, with
 * all that was computed for them alone; so do inputs that no step reads. A carry that is the same after
 * every step becomes a const, and what is given to a loop twice, or stacked twice, is one.
 *
 * It is for graphs that run, not for graphs that are still to be differentiated: truncation cuts the
 * gradient of a carry, and not that of a const.
 */
import { opOf } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { isAnyMarked, makersOf } from "../ir/uses.js";
import type { RegionOp } from "../ops/op.js";
import type { Pass } from "./pass.js";

/** A graph or region, with what of it leads to outputs of the whole. */
interface Scope {
  readonly graph: Graph;
  /** By value, 1 for those. */
  readonly live: Uint8Array;
  /** Of live nodes. */
  readonly loops: ReadonlyMap<Node, Loop>;
  /** Of live nodes with regions that are no loops. */
  readonly regions: ReadonlyMap<Node, readonly Scope[]>;
  mark(id: ValueId): void;
}

interface Loop {
  readonly reshaped: NonNullable<RegionOp["reshaped"]>;
  readonly node: Node;
  readonly body: Scope;
  /** Numbers of parameters of the body; the last is the index of the step. */
  readonly firstCarry: number;
  readonly firstRow: number;
  readonly index: number;
  /** By carry: whether no step changes it. */
  readonly isFixed: readonly boolean[];
}

type LoopParts = Omit<Loop, "body">;

function loopPartsOf(node: Node): LoopParts | undefined {
  if (node.regions.length === 0) return undefined;
  const op = opOf(node);
  if (op.kind !== "region" || op.reshaped === undefined) return undefined;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind !== "loop") return undefined;
  const { consts, carries } = structure;
  const { params, outputs } = node.regions[0];
  const isFixed = outputs.slice(0, carries).map(({ value }, k) => value === consts + k);
  const numbers = { firstCarry: consts, firstRow: consts + carries, index: params.length - 1 };
  return { reshaped: op.reshaped, node, ...numbers, isFixed };
}

/** Finds what is live, with work in proportion to it: each value, in each region, is reached once. */
function findLive(graph: Graph): Scope {
  const waiting: { readonly id: ValueId; reach(id: ValueId): void }[] = [];
  const enter = (graph: Graph, readParam: (param: ValueId) => void): Scope => {
    const makers = makersOf(graph);
    const live = new Uint8Array(makers.length);
    /** By the first result of a node. */
    const isEntered = new Uint8Array(makers.length);
    const loops = new Map<Node, Loop>();
    const regions = new Map<Node, readonly Scope[]>();
    const mark = (id: ValueId): void => {
      if (live[id] === 1) return;
      live[id] = 1;
      waiting.push({ id, reach });
    };
    const enterLoop = (parts: LoopParts): Loop => {
      const { node, firstCarry, firstRow, index, isFixed } = parts;
      const body = enter(node.regions[0], (param) => {
        if (param !== index) mark(node.inputs[param]);
        if (param >= firstCarry && param < firstRow && !isFixed[param - firstCarry])
          body.mark(body.graph.outputs[param - firstCarry].value);
      });
      // What follows the stacks, such as lengths, shapes every result.
      node.inputs.slice(index).forEach(mark);
      return { ...parts, body };
    };
    const enterNode = (node: Node): void => {
      isEntered[node.id] = 1;
      const parts = loopPartsOf(node);
      if (parts !== undefined) {
        loops.set(node, enterLoop(parts));
        return;
      }
      node.inputs.forEach(mark);
      if (node.regions.length > 0)
        regions.set(
          node,
          node.regions.map((region) => enterWhole(region)),
        );
    };
    const reach = (id: ValueId): void => {
      const node = makers[id];
      if (node === undefined) {
        readParam(id);
        return;
      }
      if (isEntered[node.id] === 0) enterNode(node);
      const loop = loops.get(node);
      if (loop === undefined) return;
      const k = id - node.id;
      if (loop.isFixed[k]) mark(node.inputs[loop.firstCarry + k]);
      else loop.body.mark(loop.body.graph.outputs[k].value);
      // Where a step is skipped, a carry is what it was.
      if (loop.isFixed[k] === false) loop.body.mark(loop.firstCarry + k);
    };
    return { graph, live, loops, regions, mark };
  };
  const enterWhole = (graph: Graph): Scope => {
    const scope = enter(graph, () => undefined);
    graph.outputs.forEach(({ value }) => {
      scope.mark(value);
    });
    return scope;
  };
  const whole = enterWhole(graph);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) next.reach(next.id);
  return whole;
}

/** Positions that stay, of those that `keyOf` gives the same key one; and for each position the one that stands for it. */
function distinct<K>(positions: readonly number[], keyOf: (position: number) => K) {
  const first = new Map<K, number>();
  for (const position of positions) if (!first.has(keyOf(position))) first.set(keyOf(position), position);
  return { kept: [...first.values()], standsFor: (position: number) => first.get(keyOf(position)) as number };
}

/** What becomes of a loop: the new one, if anything is left to compute, and the number of each live result. */
interface NarrowedLoop {
  readonly node: Node | undefined;
  readonly results: ReadonlyMap<ValueId, ValueId>;
}

/** `id`: of the first result of the new loop; `newIds`: by old number, of what the loop reads. */
function narrowLoop(
  { reshaped, node, body, firstCarry, firstRow, index, isFixed }: Loop,
  live: Uint8Array,
  id: ValueId,
  newIds: readonly ValueId[],
): NarrowedLoop {
  const given = (param: ValueId): ValueId => newIds[node.inputs[param]];
  const all = [...body.graph.params.keys()].slice(0, index).filter((param) => body.live[param] === 1);
  const isConst = (param: ValueId): boolean => param < firstCarry || (isFixed[param - firstCarry] ?? false);
  const consts = distinct(all.filter(isConst), given);
  const carries = all.filter((param) => param < firstRow && !isConst(param));
  const rows = distinct(
    all.filter((param) => param >= firstRow),
    given,
  );
  const outputOf = (k: number): ValueId => body.graph.outputs[k].value;
  const liveResults = [...node.types.keys()].filter((k) => live[node.id + k] === 1);
  const stacks = distinct(
    liveResults.filter((k) => k >= isFixed.length),
    outputOf,
  );
  const params = [...consts.kept, ...carries, ...rows.kept, index];
  const outputs = [...carries.map((param) => param - firstCarry), ...stacks.kept];
  const standIn = (param: ValueId): ValueId =>
    isConst(param) ? consts.standsFor(param) : param < firstRow || param === index ? param : rows.standsFor(param);
  const made = new Map(outputs.map((k, i) => [k, id + i]));
  const results = new Map<ValueId, ValueId>();
  for (const k of liveResults) {
    const isStack = k >= isFixed.length;
    const value = isFixed[k] ? given(firstCarry + k) : made.get(isStack ? stacks.standsFor(k) : k);
    results.set(node.id + k, value as ValueId);
  }
  // Where nothing is left to compute, every result that is read is a carry that no step changes.
  if (outputs.length === 0) return { node: undefined, results };
  const inputs = [...params.slice(0, -1).map(given), ...node.inputs.slice(index).map((input) => newIds[input])];
  const region = narrowedTo(body, params, outputs, standIn);
  const isWhole = params.length === body.graph.params.length && outputs.length === node.types.length;
  if (isWhole && region === body.graph && areEqual(inputs, node.inputs) && id === node.id) return { node, results };
  const narrowed: Node = {
    ...node,
    id,
    inputs,
    attrs: reshaped(node.attrs, consts.kept.length, carries.length),
    regions: [region],
    types: outputs.map((k) => node.types[k]),
    names: outputs.map((k) => node.names[k]),
  };
  return { node: narrowed, results };
}

const areEqual = <T>(some: readonly T[], others: readonly T[]): boolean =>
  some.length === others.length && some.every((each, i) => each === others[i]);

/** A graph or region with the parameters that are asked for, and the outputs by their numbers; the very graph where that is all of it. */
function narrowedTo(
  { graph, live, loops, regions }: Scope,
  params: readonly ValueId[],
  outputs: readonly number[],
  standsFor: (param: ValueId) => ValueId,
): Graph {
  /** By old number; of what is not live it does not matter. */
  const newIds = new Array<ValueId>(live.length).fill(-1);
  params.forEach((param, i) => (newIds[param] = i));
  for (const id of graph.params.keys()) if (live[id] === 1) newIds[id] = newIds[standsFor(id)];
  const nodes: Node[] = [];
  let next = params.length;
  const append = (node: Node): void => {
    nodes.push(node);
    next += node.types.length;
  };
  for (const node of graph.nodes) {
    if (!isAnyMarked(live, node)) continue;
    const loop = loops.get(node);
    if (loop === undefined) {
      node.types.forEach((_, k) => (newIds[node.id + k] = next + k));
      const inputs = node.inputs.map((id) => newIds[id]);
      const inner = regions.get(node)?.map(narrowed) ?? node.regions;
      const isSame = next === node.id && areEqual(inputs, node.inputs) && areEqual(inner, node.regions);
      append(isSame ? node : { ...node, id: next, inputs, regions: inner });
    } else {
      const { node: left, results } = narrowLoop(loop, live, next, newIds);
      for (const [id, newId] of results) newIds[id] = newId;
      if (left !== undefined) append(left);
    }
  }
  const isWhole = params.length === graph.params.length && outputs.length === graph.outputs.length;
  if (isWhole && areEqual(nodes, graph.nodes)) return graph;
  return {
    ...graph,
    params: params.map((id) => graph.params[id]),
    nodes,
    outputs: outputs.map((k) => ({ name: graph.outputs[k].name, value: newIds[graph.outputs[k].value] })),
  };
}

/** A graph or region whose parameters and outputs all stay. */
const narrowed = (scope: Scope): Graph =>
  narrowedTo(scope, [...scope.graph.params.keys()], [...scope.graph.outputs.keys()], (param) => param);

/** Takes out of loops what nobody reads, and what no step changes. */
export const narrow: Pass = {
  name: "narrow",
  summary:
    "Takes out of loops the carries, outputs and inputs that nobody reads, and makes consts of carries that never change.",
  run: (graph) => (graph.nodes.some((node) => node.regions.length > 0) ? narrowed(findLive(graph)) : graph),
};
