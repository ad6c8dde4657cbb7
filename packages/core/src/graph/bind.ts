/** Symbols become integers: the one step between a graph for any batch and length and a graph that can run. */
import { RunError } from "../errors/errors.js";
import type { Attrs, AttrKind } from "../ir/attrs.js";
import type { Graph, Node } from "../ir/graph.js";
import { opNamed } from "../ops/index.js";
import { bindDim, symbolsOf, type Dim, type DimBindings } from "../shape/dim.js";
import { areValidDims, formatType, type TensorType } from "../shape/tensor-type.js";

type AttrKinds = Readonly<Record<string, AttrKind>>;

function checkBindings(bindings: DimBindings): void {
  const wrong = Object.entries(bindings).filter(([, size]) => !Number.isSafeInteger(size) || size < 1);
  if (wrong.length === 0) return;
  throw new RunError(
    wrong.map(([symbol, size]) => ({
      code: "bind.size",
      problem: "a symbol stands for a whole number, 1 or more",
      at: { kind: "value", name: `symbol ${symbol}` },
      received: String(size),
    })),
  );
}

/**
 * The graph with every bound symbol replaced by its integer, in types, attributes and regions. Symbols without a
 * binding stay. Nothing is inferred again: what holds for every integer holds for this one.
 * Throws RunError when a size is not a positive integer, or a dim becomes negative.
 */
export function bindGraph(graph: Graph, bindings: Readonly<Record<string, number>>): Graph {
  checkBindings(bindings);
  if (Object.keys(bindings).length === 0) return graph;
  // A graph has thousands of types made of few dims.
  const known = new Map<string, Dim>();
  const bindOne = (dim: Dim): Dim => {
    if (typeof dim === "number") return dim;
    const bound = known.get(dim) ?? bindDim(dim, bindings);
    known.set(dim, bound);
    return bound;
  };
  const bindType = (type: TensorType): TensorType => {
    if (type.dims.every((dim) => typeof dim === "number")) return type;
    const bound = { dtype: type.dtype, dims: type.dims.map(bindOne) };
    if (!areValidDims(bound.dims)) refuseType(type, bound, bindings);
    return bound;
  };
  const bindNode = (node: Node): Node => {
    const attrs = bindAttrs(node.attrs, opNamed(node.op).attrs, bindings);
    const types = node.types.map(bindType);
    // Nodes without symbols, such as those of an update of weights, stay the nodes that they are.
    const isSame = attrs === node.attrs && types.every((type, i) => type === node.types[i]);
    return isSame && node.regions.length === 0
      ? node
      : { ...node, attrs, regions: node.regions.map(bindRegion), types };
  };
  const bindRegion = (region: Graph): Graph => ({
    ...region,
    params: region.params.map((param) => ({ ...param, type: bindType(param.type) })),
    nodes: region.nodes.map(bindNode),
  });
  return bindRegion(graph);
}

function bindAttrs(attrs: Attrs, kinds: AttrKinds, bindings: DimBindings): Attrs {
  const bound = Object.entries(attrs).flatMap(([key, value]) => {
    const replaced = kinds[key]?.bind?.(value, bindings) ?? value;
    return replaced === value ? [] : [[key, replaced] as const];
  });
  return bound.length === 0 ? attrs : { ...attrs, ...Object.fromEntries(bound) };
}

function refuseType(type: TensorType, bound: TensorType, bindings: DimBindings): never {
  throw new RunError([
    {
      code: "bind.dims",
      problem: "every dim is a whole number, 0 or more, once its symbols have sizes",
      at: { kind: "value", name: `type ${formatType(type)}` },
      received: `${formatType(bound)}, while ${Object.entries(bindings)
        .map(([symbol, size]) => `${symbol} = ${size}`)
        .join(", ")}`,
    },
  ]);
}

/** All symbols that a graph's types, attributes and regions mention, each once, in the order of their appearance. */
export function symbolsOfGraph(graph: Graph): readonly string[] {
  const dims = new Set<Dim>();
  const collect = (region: Graph): void => {
    for (const param of region.params) for (const dim of param.type.dims) dims.add(dim);
    for (const node of region.nodes) {
      for (const type of node.types) for (const dim of type.dims) dims.add(dim);
      for (const inner of node.regions) collect(inner);
      const kinds: AttrKinds = opNamed(node.op).attrs;
      for (const [key, value] of Object.entries(node.attrs))
        if (kinds[key]?.bind !== undefined) for (const dim of [value].flat()) dims.add(dim as Dim);
    }
  };
  collect(graph);
  return [...new Set([...dims].flatMap(symbolsOf))];
}
