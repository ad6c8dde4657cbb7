/**
 * Narrowing: of a loop stays what is read. Carries and stacked outputs that lead to no output of the graph go, with
 * all that was computed for them alone; so do inputs that no step reads. A carry that is the same after
 * every step becomes a const, and what is given to a loop twice, or stacked twice, is one.
 *
 * It is for graphs that run, not for graphs that are still to be differentiated: truncation cuts the
 * gradient of a carry, and not that of a const.
 */
import { buildScope, opOf, type BuilderScope } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { makersOf } from "../ir/uses.js";
import type { RegionOp, Value } from "../ops/op.js";
import type { Pass } from "./pass.js";

/** A graph or region, with those of its values that lead to outputs of the whole. */
interface Scope {
  readonly graph: Graph;
  readonly live: ReadonlySet<ValueId>;
  /** Of live nodes. */
  readonly loops: ReadonlyMap<Node, Loop>;
  readonly regions: ReadonlyMap<Node, readonly Scope[]>;
  mark(id: ValueId): void;
}

interface Loop {
  readonly op: RegionOp;
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
  const op = opOf(node);
  if (op.kind !== "region" || op.reshaped === undefined) return undefined;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind !== "loop") return undefined;
  const { consts, carries } = structure;
  const { params, outputs } = node.regions[0];
  const isFixed = outputs.slice(0, carries).map(({ value }, k) => value === consts + k);
  const numbers = { firstCarry: consts, firstRow: consts + carries, index: params.length - 1 };
  return { op, reshaped: op.reshaped, node, ...numbers, isFixed };
}

/** Finds what is live, with work in proportion to it: each value, in each region, is reached once. */
function findLive(graph: Graph): Scope {
  const waiting: (() => void)[] = [];
  const enter = (graph: Graph, readParam: (param: ValueId) => void): Scope => {
    const live = new Set<ValueId>();
    const loops = new Map<Node, Loop>();
    const regions = new Map<Node, readonly Scope[]>();
    const makers = makersOf(graph);
    const mark = (id: ValueId): void => {
      if (live.has(id)) return;
      live.add(id);
      waiting.push(() => {
        reach(id);
      });
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
      const parts = loopPartsOf(node);
      if (parts !== undefined) {
        loops.set(node, enterLoop(parts));
        return;
      }
      node.inputs.forEach(mark);
      regions.set(
        node,
        node.regions.map((region) => enterWhole(region)),
      );
    };
    const reach = (id: ValueId): void => {
      const node = makers.get(id);
      if (node === undefined) {
        readParam(id);
        return;
      }
      if (!loops.has(node) && !regions.has(node)) enterNode(node);
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
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) next();
  return whole;
}

/** What is live in a scope, appended to a builder. `values`: those of the parameters that are live; the others are added. */
function appendLive(g: BuilderScope, { graph, live, loops, regions }: Scope, values: Map<ValueId, Value>): void {
  for (const node of graph.nodes) {
    if (!node.types.some((_, k) => live.has(node.id + k))) continue;
    const loop = loops.get(node);
    if (loop !== undefined) {
      g.at(node.origin, () => {
        appendLoop(g, loop, live, values);
      });
      continue;
    }
    const inputs = node.inputs.map((id) => values.get(id) as Value);
    const copied = g.copy({ ...node, regions: (regions.get(node) ?? []).map(narrowed) }, inputs);
    copied.forEach((value, k) => values.set(node.id + k, value));
  }
}

/** Positions that stay, of those that `keyOf` gives the same key one; and for each position the one that stands for it. */
function distinct<K>(positions: readonly number[], keyOf: (position: number) => K) {
  const first = new Map<K, number>();
  for (const position of positions) if (!first.has(keyOf(position))) first.set(keyOf(position), position);
  return { kept: [...first.values()], standsFor: (position: number) => first.get(keyOf(position)) as number };
}

function appendLoop(g: BuilderScope, loop: Loop, live: ReadonlySet<ValueId>, values: Map<ValueId, Value>): void {
  const { op, node, body, firstCarry, firstRow, index, isFixed } = loop;
  const isLive = (param: ValueId): boolean => body.live.has(param);
  const given = (param: ValueId): Value => values.get(node.inputs[param]) as Value;
  const all = [...body.graph.params.keys()].slice(0, index).filter(isLive);
  const isConst = (param: ValueId): boolean => param < firstCarry || (isFixed[param - firstCarry] ?? false);
  const consts = distinct(all.filter(isConst), given);
  const carries = all.filter((param) => param < firstRow && !isConst(param));
  const rows = distinct(
    all.filter((param) => param >= firstRow),
    given,
  );
  const outputOf = (k: number): ValueId => body.graph.outputs[k].value;
  const liveResults = [...node.types.keys()].filter((k) => live.has(node.id + k));
  const stacks = distinct(
    liveResults.filter((k) => k >= isFixed.length),
    outputOf,
  );
  const params = [...consts.kept, ...carries, ...rows.kept, index];
  const outputs = [...carries.map((param) => param - firstCarry), ...stacks.kept];
  const standIn = (param: ValueId): ValueId =>
    isConst(param) ? consts.standsFor(param) : param < firstRow || param === index ? param : rows.standsFor(param);
  // Where nothing is left to compute, every result that is read is a carry that no step changes.
  const results =
    outputs.length === 0
      ? []
      : g.node({
          op,
          inputs: [...params.slice(0, -1).map(given), ...node.inputs.slice(index).map((id) => values.get(id) as Value)],
          attrs: loop.reshaped(node.attrs, consts.kept.length, carries.length),
          regions: [narrowedTo(body, params, outputs, standIn)],
          names: outputs.map((k) => node.names[k]),
        });
  const made = new Map(outputs.map((k, i) => [k, results[i]]));
  for (const k of liveResults) {
    const isStack = k >= isFixed.length;
    const value = isFixed[k] ? given(firstCarry + k) : made.get(isStack ? stacks.standsFor(k) : k);
    values.set(node.id + k, value as Value);
  }
}

/** A graph or region with the parameters that are asked for, and the outputs by their numbers. */
function narrowedTo(
  scope: Scope,
  params: readonly ValueId[],
  outputs: readonly number[],
  standsFor: (param: ValueId) => ValueId,
): Graph {
  const { graph, live } = scope;
  const g: BuilderScope = buildScope(graph.name);
  const values = new Map<ValueId, Value>();
  for (const id of params) {
    const { name, type, origin } = graph.params[id];
    values.set(id, g.param(name, type, origin));
  }
  for (const id of graph.params.keys()) if (live.has(id)) values.set(id, values.get(standsFor(id)) as Value);
  appendLive(g, scope, values);
  const kept = outputs.map((k) => graph.outputs[k]);
  return g.build(Object.fromEntries(kept.map(({ name, value }) => [name, values.get(value) as Value])), graph.state);
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
