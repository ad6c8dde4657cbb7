/**
 * Places in a graph where a derivative is not what a function looks like: where no gradient flows back, where it jumps, and where a
 * comparison chooses. For tools that tell people about their models; differentiation itself does not need it.
 */
import { opOf } from "../graph/builder.js";
import { type Graph, type Node, type Origin, type ValueId } from "../ir/graph.js";
import { makersOf, type Makers } from "../ir/uses.js";
import { select, stopGradient } from "../ops/compare.js";
import type { AnyOp } from "../ops/op.js";
import { isFloat } from "../shape/tensor-type.js";
import { rebuild } from "../graph/rebuild.js";

export interface DerivativePlace {
  /**
   * stopped: stopGradient. flat: the derivative is zero wherever it exists. kink: the derivative jumps somewhere. choice: which of two
   * values counts depends on the parameters, and the derivative does not see that.
   */
  readonly kind: "stopped" | "flat" | "kink" | "choice";
  readonly op: string;
  /** Name of the node's result. */
  readonly name: string;
  /** Config pointer or equation that it comes from. */
  readonly origin: Origin | undefined;
}

export interface DerivativePlacesRequest {
  /** Name of the output that is differentiated. */
  readonly of: string;
  /** Names of the parameters with respect to which. */
  readonly wrt: readonly string[];
}

/**
 * The places on the ways from the parameters `wrt` to the output `of`, in the order of the nodes, those of bodies behind their node. What
 * lies behind a place that stops every gradient is none.
 */
export function derivativePlaces(graph: Graph, { of, wrt }: DerivativePlacesRequest): readonly DerivativePlace[] {
  return follow(
    graph,
    graph.params.map(({ name }) => wrt.includes(name)),
    graph.outputs.map(({ name }) => name === of),
  ).places;
}

/** By value: whether it depends on the parameters that are marked in a way that no stopGradient cuts off. */
function varying(graph: Graph, params: readonly boolean[]): readonly boolean[] {
  const found: boolean[] = [...params];
  for (const node of graph.nodes) {
    const op = opOf(node);
    const marked = node.inputs.map((id) => found[id]);
    if (op.kind === "op") found.push(marked.includes(true) && op.name !== stopGradient.name);
    else found.push(...op.dependence(marked, node.regions, node.attrs, varyingOutputs));
  }
  return found;
}

function varyingOutputs(region: Graph, params: readonly boolean[]): readonly boolean[] {
  const found = varying(region, params);
  return region.outputs.map(({ value }) => found[value]);
}

interface Followed {
  /** Of each parameter: whether a gradient comes back to it. */
  readonly live: readonly boolean[];
  readonly places: readonly DerivativePlace[];
}

function follow(graph: Graph, active: readonly boolean[], wanted: readonly boolean[]): Followed {
  const dependent = varying(graph, active);
  const makers = makersOf(graph);
  const live: boolean[] = dependent.map(() => false);
  graph.outputs.forEach(({ value }, k) => (live[value] ||= wanted[k]));
  const found: (readonly DerivativePlace[])[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    const results = node.types.map((_, k) => live[node.id + k]);
    if (!results.includes(true)) continue;
    const marked = node.inputs.map((id) => dependent[id]);
    const { live: inputs, places } = followNode(makers, node, marked, results);
    node.inputs.forEach((id, k) => (live[id] ||= inputs[k]));
    found.push(places);
  }
  return { live: live.slice(0, graph.params.length), places: found.reverse().flat() };
}

function followNode(makers: Makers, node: Node, marked: readonly boolean[], wanted: readonly boolean[]): Followed {
  const op = opOf(node);
  if (op.kind === "region") return followRegions(node, marked, wanted);
  const passes = op.traits.flat !== true && isFloat(node.types[0].dtype);
  const place = (kind: DerivativePlace["kind"]): readonly DerivativePlace[] => [
    { kind, op: op.name, name: node.names[0], origin: node.origin },
  ];
  return {
    live: node.inputs.map(() => passes),
    places: marked.includes(true) ? kindsOf(makers, node, op, marked).flatMap(place) : [],
  };
}

function kindsOf(
  makers: Makers,
  node: Node,
  op: AnyOp,
  marked: readonly boolean[],
): readonly DerivativePlace["kind"][] {
  if (op.name === stopGradient.name) return ["stopped"];
  if (op.name === select.name) return marked[0] ? [isExtreme(makers, node) ? "kink" : "choice"] : [];
  if (op.traits.flat === true) return ["flat"];
  return op.traits.kinked === true ? ["kink"] : [];
}

/** Whether a select takes one of the two values that its condition compares: they are equal where the choice changes. */
function isExtreme(makers: Makers, { inputs: [condition, x, y] }: Node): boolean {
  const compared = makers[condition]?.inputs ?? [];
  if (compared.length !== 2) return false;
  const [a, b] = compared;
  return (isSame(makers, a, x) && isSame(makers, b, y)) || (isSame(makers, a, y) && isSame(makers, b, x));
}

/** Whether two values are one, or come in the same way from one value or constant. Ways that branch are not followed. */
function isSame(makers: Makers, one: ValueId, other: ValueId): boolean {
  let [a, b] = [one, other];
  while (a !== b) {
    const [x, y] = [makers[a], makers[b]];
    if (x === undefined || y === undefined || x.op !== y.op || x.inputs.length > 1 || x.regions.length > 0)
      return false;
    if (JSON.stringify([x.attrs, x.inputs.length]) !== JSON.stringify([y.attrs, y.inputs.length])) return false;
    if (x.inputs.length === 0) return true;
    [[a], [b]] = [x.inputs, y.inputs];
  }
  return true;
}

function followRegions(node: Node, marked: readonly boolean[], wanted: readonly boolean[]): Followed {
  const op = opOf(node);
  const none: Followed = { live: node.inputs.map(() => false), places: [] };
  if (op.kind !== "region") return none;
  const structure = op.structure(node.inputs.length, node.attrs);
  const inputOf = (param: number): number => (structure.kind === "branch" ? param + 1 : param);
  const carries = structure.kind === "loop" || structure.kind === "while" ? structure : undefined;
  // Only the last region of a while loop makes values; of a branch both do.
  const regions = structure.kind === "while" ? node.regions.slice(-1) : node.regions;
  const live = node.inputs.map(() => false);
  const places: DerivativePlace[] = [];
  for (const region of regions) {
    const count = carries === undefined ? 0 : carries.kind === "loop" ? carries.carries : region.outputs.length;
    const first = carries?.consts ?? 0;
    const active = region.params.map((_, i) => marked[inputOf(i)] ?? false);
    const outputs = region.outputs.map((_, k) => wanted[k] ?? false);
    // What a carry is in one step depends on what it was in the one before, and the gradient goes the same way back.
    let known = follow(region, active, outputs);
    for (let changed = true; changed;) {
      changed = false;
      const dependent = varying(region, active);
      for (let k = 0; k < count; k++) {
        if (dependent[region.outputs[k].value] && !active[first + k]) changed = active[first + k] = true;
        if (known.live[first + k] && !outputs[k]) changed = outputs[k] = true;
      }
      known = follow(region, active, outputs);
    }
    known.live.forEach((isLive, i) => {
      const input = inputOf(i);
      if (input < live.length) live[input] ||= isLive;
    });
    places.push(...known.places);
  }
  return { live, places };
}

/** The graph, in which those stopGradients that are meant are the identity, for their gradient too; it computes the same. */
export const withoutStops = (graph: Graph, isMeant: (place: DerivativePlace) => boolean): Graph =>
  rebuild(graph, () => (node, inputs) => {
    const { op, names, origin } = node;
    if (op !== stopGradient.name || !isMeant({ kind: "stopped", op, name: names[0], origin })) return "keep";
    return [inputs[0]];
  });
