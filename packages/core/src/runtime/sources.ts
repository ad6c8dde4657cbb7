/** Which values a value is made of, also into regions and out of them. */
import { opOf } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import type { RegionStructure } from "../ops/op.js";

export type Place = readonly [graph: Graph, id: ValueId];

interface Owner {
  readonly graph: Graph;
  readonly node: Node;
  /** Number of the region. */
  readonly region: number;
  readonly structure: RegionStructure;
}

/** By region, the nodes that it belongs to; grows while regions are met. */
export type Owners = Map<Graph, Owner[]>;

/** The operands of a node's result; of a region node's, what its regions return; of a region's parameter, what it was given. */
export function sourcesOf(graph: Graph, id: ValueId, owners: Owners): readonly Place[] {
  if (id < graph.params.length) return (owners.get(graph) ?? []).flatMap((owner) => givenTo(owner, id));
  const node = nodeOf(graph, id);
  const op = opOf(node);
  if (op.kind === "op") return node.inputs.map((input): Place => [graph, input]);
  const structure = op.structure(node.inputs.length, node.attrs);
  node.regions.forEach((region, at) => {
    const known = owners.get(region) ?? [];
    if (!known.some((owner) => owner.node === node)) known.push({ graph, node, region: at, structure });
    owners.set(region, known);
  });
  const result = id - node.id;
  // The first region of a while loop only says whether to go on.
  const returning = structure.kind === "while" ? node.regions.slice(1) : node.regions;
  const returned = returning.map((region): Place => [region, region.outputs[result].value]);
  const carried = firstCarry(structure);
  return carried === undefined || result >= carried.count
    ? returned
    : [...returned, [graph, node.inputs[carried.first + result]]];
}

/** Nodes are in the order of their numbers. */
function nodeOf({ nodes }: Graph, id: ValueId): Node {
  let [low, high] = [0, nodes.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (nodes[middle].id <= id) low = middle;
    else high = middle - 1;
  }
  return nodes[low];
}

/** Where carries begin among a loop's inputs, and how many there are. */
function firstCarry(structure: RegionStructure): { readonly first: number; readonly count: number } | undefined {
  switch (structure.kind) {
    case "loop":
      return { first: structure.consts, count: structure.carries };
    case "while":
      return { first: structure.consts, count: Infinity };
    case "inline":
    case "branch":
      return undefined;
    default:
      return structure satisfies never;
  }
}

function givenTo({ graph, node, structure }: Owner, param: ValueId): readonly Place[] {
  const input = node.inputs[structure.kind === "branch" ? param + 1 : param] as ValueId | undefined;
  // The index of a step is given by nobody.
  const outside: readonly Place[] = input === undefined ? [] : [[graph, input]];
  const carried = firstCarry(structure);
  const carry = carried === undefined ? -1 : param - carried.first;
  if (carried === undefined || carry < 0 || carry >= carried.count) return outside;
  const body = node.regions[node.regions.length - 1];
  return [...outside, [body, body.outputs[carry].value]];
}
