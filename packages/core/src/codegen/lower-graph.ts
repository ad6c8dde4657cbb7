/** The nodes of a graph as steps of a block: fused loops for elementwise ones, kernels for the others, blocks for regions. */
import type { Graph, Node, ValueId } from "../ir/graph.js";
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { opNamed } from "../ops/index.js";
import { sizesOf } from "../shape/tensor.js";
import type { TensorType } from "../shape/tensor-type.js";
import { lowerKernel } from "./lower-kernel.js";
import { mapStep, type FusedNode } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { loopIn, type Block } from "./program.js";
import { findGroups, kernelsOf, type Group } from "./stages.js";
import { rowOf, samePlace, type StoredTensor, type Tensor } from "./tensors.js";

export const tensorOf = (bound: ReadonlyMap<ValueId, Tensor>, id: ValueId): Tensor => bound.get(id) as Tensor;

const laneKey = (node: Node): string => `${node.op}${JSON.stringify(node.attrs)}${node.types[0].dtype}`;

/** Results that someone outside wants at a place of their own: rows of stacks that a loop fills. */
type Destinations = ReadonlyMap<ValueId, StoredTensor>;

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
  const target = (id: ValueId, type: TensorType): StoredTensor =>
    destinations.get(id) ?? lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block);

  const fuse = (group: Group): void => {
    const members = new Map(group.map((node, i) => [node.id, i]));
    const inputIds = [...new Set(group.flatMap((node) => node.inputs).filter((id) => !members.has(id)))];
    const numberOf = (id: ValueId): number => {
      const member = members.get(id);
      return member === undefined ? inputIds.indexOf(id) : inputIds.length + member;
    };
    const wanted = group.filter(
      (node) =>
        readers.outputs.has(node.id) || (readers.byValue.get(node.id) ?? []).some((reader) => !members.has(reader)),
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

  for (const group of findGroups(graph, kernels)) {
    const [node] = group;
    const kernel = kernels.get(node);
    if (kernel === undefined) lowerRegion(lowering, node, bound, block);
    else if (kernel.kind === "map") fuse(group);
    else {
      const operands = node.inputs.map((id) => tensorOf(bound, id));
      bound.set(
        node.id,
        lowerKernel(lowering, graph, node, kernel, operands, block, () => target(node.id, node.types[0])),
      );
    }
  }
}

function readersOf(graph: Graph): {
  readonly byValue: ReadonlyMap<ValueId, readonly ValueId[]>;
  readonly outputs: ReadonlySet<ValueId>;
} {
  const byValue = new Map<ValueId, ValueId[]>();
  for (const node of graph.nodes)
    for (const id of node.inputs) {
      const readers = byValue.get(id);
      if (readers === undefined) byValue.set(id, [node.id]);
      else readers.push(node.id);
    }
  return { byValue, outputs: new Set(graph.outputs.map((output) => output.value)) };
}

function lowerRegion(lowering: Lowering, node: Node, bound: Map<ValueId, Tensor>, block: Block): void {
  const op = opNamed(node.op);
  if (op.kind !== "region") return;
  const inputs = node.inputs.map((id) => tensorOf(bound, id));
  const [region] = node.regions;
  const shape = op.structure(inputs.length, node.attrs);
  if (shape.kind === "inline") {
    const inner = new Map<ValueId, Tensor>(inputs.map((tensor, id) => [id, tensor]));
    lowerGraph(lowering, region, inner, block, new Map());
    region.outputs.forEach(({ value }, k) => bound.set(node.id + k, tensorOf(inner, value)));
    return;
  }
  const loop = loopIn(block, shape.count as number, shape.reverse);
  const { body } = loop;
  const { consts, carries } = shape;
  const state = inputs.slice(consts, consts + carries).map((initial) => {
    const held = lowering.allocate(initial, block);
    lowering.copy(initial, held, block);
    return held;
  });
  const xs = inputs.slice(consts + carries).map((x) => rowOf(x, loop));
  const index = { ...lowering.allocate({ dtype: "i32", dims: [] }, block), block: body };
  const inner = new Map<ValueId, Tensor>();
  [...inputs.slice(0, consts), ...state.map((held) => ({ ...held, block: body })), ...xs, index].forEach((tensor, id) =>
    inner.set(id, tensor),
  );
  if (
    readersOf(region).byValue.has(region.params.length - 1) ||
    region.outputs.some(({ value }) => value === region.params.length - 1)
  )
    lowering.append(body, { kind: "index", loop, place: index.place });

  const stacks = node.types
    .slice(carries)
    .map((type) => lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block));
  const destinations = new Map<ValueId, StoredTensor>();
  region.outputs.slice(carries).forEach(({ value }, j) => {
    if (value >= region.params.length && !destinations.has(value)) destinations.set(value, rowOf(stacks[j], loop));
  });
  lowerGraph(lowering, region, inner, body, destinations);

  region.outputs.slice(carries).forEach(({ value }, j) => {
    const tensor = tensorOf(inner, value);
    const row = rowOf(stacks[j], loop);
    if (tensor.kind === "stored" && samePlace(tensor, row)) return;
    lowering.copy(tensor, row, body);
  });
  // A next carry may be another carry of this step, so all are read before any is written.
  const next = region.outputs.slice(0, carries).map(({ value }, i): Tensor => {
    const tensor = tensorOf(inner, value);
    const overlaps =
      tensor.kind === "stored" &&
      state.some((held, k) => held.place.buffer === tensor.place.buffer && (k !== i || !samePlace(tensor, held)));
    if (!overlaps) return tensor;
    const kept = lowering.allocate(tensor, body);
    lowering.copy(tensor, kept, body);
    return kept;
  });
  next.forEach((tensor, i) => {
    if (tensor.kind === "stored" && samePlace(tensor, state[i])) return;
    lowering.copy(tensor, state[i], body);
  });
  lowering.append(block, { kind: "loop", loop });
  [...state, ...stacks].forEach((tensor, k) => bound.set(node.id + k, { ...tensor, block }));
}
