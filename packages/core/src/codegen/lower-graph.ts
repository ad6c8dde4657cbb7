/** The nodes of a graph as steps of a block: fused loops for elementwise ones, kernels for the others, blocks for regions. */
import { valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { makersOf, readersOf } from "../ir/uses.js";
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { opNamed } from "../ops/index.js";
import { sizesOf } from "../shape/tensor.js";
import type { TensorType } from "../shape/tensor-type.js";
import { lowerKernel } from "./lower-kernel.js";
import { mapStep, type FusedNode } from "./lower-map.js";
import { reduceSteps, type Combined, type Reduction } from "./lower-reduce.js";
import { lowerRegion, type Destinations, type RegionUse } from "./lower-regions.js";
import type { Lowering } from "./lowering.js";
import type { Block } from "./program.js";
import { findGroups, kernelsOf, type Group } from "./stages.js";
import { placed, tensorOf, type StoredTensor, type Tensor } from "./tensors.js";

const laneKey = (node: Node): string => `${node.op}${JSON.stringify(node.attrs)}${node.types[0].dtype}`;

/** Lowers all nodes of a graph into a block; adds the tensors of its values to `bound`. */
export function lowerGraph(
  lowering: Lowering,
  graph: Graph,
  bound: Map<ValueId, Tensor>,
  block: Block,
  destinations: Destinations,
): void {
  const kernels = kernelsOf(graph);
  const readers = readersOf(graph);
  const types = valueTypes(graph);
  const makers = makersOf(graph);
  const { observer } = lowering;
  const places = new Map(destinations);
  const target = (id: ValueId, type: TensorType): StoredTensor =>
    places.get(id) ?? lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block);
  // What a loop over elements computes for a larger tensor, it writes there at once.
  if (observer?.apart !== true)
    for (const node of graph.nodes.toReversed()) {
      const kernel = kernels.get(node);
      if (kernel?.kind !== "place" || kernel.fill !== undefined) continue;
      const whole = target(node.id, node.types[0]);
      places.set(node.id, whole);
      kernel.placements.forEach((placement, i) => {
        const id = node.inputs[i];
        if (kernels.get(makers[id] ?? node)?.kind !== "map" || places.has(id)) return;
        places.set(id, placed(whole, placement, sizesOf(types[id])));
      });
    }

  const fuse = (group: Group): void => {
    const members = new Map(group.map((node, i) => [node.id, i]));
    const inputIds = [...new Set(group.flatMap((node) => node.inputs).filter((id) => !members.has(id)))];
    const numberOf = (id: ValueId): number => {
      const member = members.get(id);
      return member === undefined ? inputIds.indexOf(id) : inputIds.length + member;
    };
    const wanted = group.filter(
      (node) => readers.outputs.has(node.id) || readers.byValue[node.id].some((reader) => !members.has(reader.id)),
    );
    const outputs = wanted.map((node) => ({ value: numberOf(node.id), to: target(node.id, node.types[0]) }));
    mapStep(
      lowering,
      block,
      sizesOf(group[0].types[0]),
      inputIds.map((id) => tensorOf(bound, id)),
      group.map((node): FusedNode => ({
        lane: (kernels.get(node) as KernelSpec & { readonly kind: "map" }).lane,
        key: laneKey(node),
        args: node.inputs.map(numberOf),
      })),
      outputs,
    );
    wanted.forEach((node, i) => bound.set(node.id, outputs[i].to));
  };

  /** Reductions over the same axes, each perhaps behind the maps that compute what it combines. */
  const reduce = (group: Group): void => {
    const maps = new Map(
      group.flatMap((node) => (kernels.get(node)?.kind === "map" ? [[node.id, node] as const] : [])),
    );
    const known = new Map<ValueId, Combined>();
    const make = (id: ValueId): Combined => {
      const map = maps.get(id);
      const kernel = map === undefined ? undefined : kernels.get(map);
      if (map === undefined || kernel?.kind !== "map") return tensorOf(bound, id);
      return { kind: "computed", lane: kernel.lane, key: laneKey(map), args: map.inputs.map(combinedOf) };
    };
    const combinedOf = (id: ValueId): Combined => {
      const combined = known.get(id) ?? make(id);
      known.set(id, combined);
      return combined;
    };
    const reductions = group.flatMap((node): readonly Reduction[] => {
      const kernel = kernels.get(node);
      if (kernel?.kind !== "reduce") return [];
      const [operand] = node.inputs;
      return [
        {
          name: node.op,
          initial: kernel.initial,
          combine: kernel.combine,
          dims: sizesOf(types[operand]),
          combined: combinedOf(operand),
          out: target(node.id, node.types[0]),
        },
      ];
    });
    const last = group[group.length - 1];
    const { axes } = kernels.get(last) as KernelSpec & { readonly kind: "reduce" };
    reduceSteps(lowering, block, axes, reductions);
    group.filter((node) => !maps.has(node.id)).forEach((node, i) => bound.set(node.id, reductions[i].out));
  };

  const lowerNode = (node: Node): void => {
    const op = opNamed(node.op);
    if (op.kind !== "region") return;
    const use: RegionUse = {
      lowering,
      graph,
      node,
      inputs: node.inputs.map((id) => tensorOf(bound, id)),
      block,
      lowerBody: (...region) => {
        lowerGraph(lowering, ...region);
      },
    };
    const results = lowerRegion(use, op.structure(node.inputs.length, node.attrs));
    results.forEach((tensor, k) => bound.set(node.id + k, tensor));
  };

  const groups = observer?.apart === true ? graph.nodes.map((node): Group => [node]) : findGroups(graph, kernels);
  for (const group of groups) {
    const [node] = group;
    observer?.enter(graph, group);
    const kernel = kernels.get(node);
    if (kernels.get(group[group.length - 1])?.kind === "reduce") reduce(group);
    else if (kernel === undefined || kernel.kind === "reduce") lowerNode(node);
    else if (kernel.kind === "map") fuse(group);
    else {
      const operands = node.inputs.map((id) => tensorOf(bound, id));
      bound.set(
        node.id,
        lowerKernel(lowering, graph, node, kernel, operands, block, () => target(node.id, node.types[0])),
      );
    }
    observer?.leave(graph, group, block, (id) => bound.get(id));
  }
}
