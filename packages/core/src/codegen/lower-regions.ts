/** Nodes with regions as steps of a program: loops and branches over blocks of their own. */
import { valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { countReads, makersOf } from "../ir/uses.js";
import type { RegionStructure } from "../ops/op.js";
import { sizesOf } from "../shape/tensor.js";
import { holdLoop, type HeldCarry } from "./loop-state.js";
import type { Lowering } from "./lowering.js";
import { loopIn, type Block } from "./program.js";
import { kernelOf } from "./stages.js";
import { rowOf, samePlace, tensorOf, type StoredTensor, type Tensor } from "./tensors.js";

/** Results that someone outside wants at a place of their own: rows of stacks that a loop fills, results of a branch. */
export type Destinations = ReadonlyMap<ValueId, StoredTensor>;

/** One node with regions. */
export interface RegionUse {
  readonly lowering: Lowering;
  /** That the node is in. */
  readonly graph: Graph;
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly block: Block;
  /** Lowers all nodes of a region into a block; adds the tensors of its values to `bound`. */
  lowerBody(region: Graph, bound: Map<ValueId, Tensor>, block: Block, destinations: Destinations): void;
}

type StructureOf<K extends RegionStructure["kind"]> = RegionStructure & { readonly kind: K };

const boundTo = (tensors: readonly Tensor[]): Map<ValueId, Tensor> => new Map(tensors.entries());

/** Appends what the node takes, and gives the tensors of its results. */
export function lowerRegion(use: RegionUse, structure: RegionStructure): readonly Tensor[] {
  switch (structure.kind) {
    case "inline":
      return lowerInline(use);
    case "branch":
      return lowerBranch(use);
    case "loop":
      return lowerLoop(use, structure);
    case "while":
      return lowerWhile(use, structure);
    default:
      return structure satisfies never;
  }
}

function lowerInline({ node: { regions }, inputs, block, lowerBody }: RegionUse): readonly Tensor[] {
  const [region] = regions;
  const inner = boundTo(inputs);
  lowerBody(region, inner, block, new Map());
  return region.outputs.map(({ value }) => tensorOf(inner, value));
}

/** Places for outputs that a region computes, so that it writes them there at once; the first of equal ones. */
export function destinationsFor(
  region: Graph,
  outputs: Graph["outputs"],
  place: (output: number) => StoredTensor,
): Destinations {
  const destinations = new Map<ValueId, StoredTensor>();
  outputs.forEach(({ value }, k) => {
    if (value >= region.params.length && !destinations.has(value)) destinations.set(value, place(k));
  });
  return destinations;
}

/** Copies a tensor to where it is wanted, unless that is where it is. */
export function bring(lowering: Lowering, tensor: Tensor, to: StoredTensor, block: Block): void {
  if (tensor.kind === "stored" && samePlace(tensor, to)) return;
  lowering.copy(tensor, to, block);
}

function lowerBranch({ lowering, node, inputs, block, lowerBody }: RegionUse): readonly Tensor[] {
  const [predicate, ...operands] = inputs;
  const results = node.types.map((type) => lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block));
  const condition = lowering.contiguous(predicate).place;
  const [then, otherwise] = node.regions.map((region): Block => {
    const own: Block = { parent: block, loop: undefined, steps: [] };
    const inner = boundTo(operands);
    // Computed in the branch: a copy that one of its steps needs belongs behind that, and not in front of the branch.
    lowerBody(
      region,
      inner,
      own,
      destinationsFor(region, region.outputs, (k) => ({ ...results[k], block: own })),
    );
    region.outputs.forEach(({ value }, k) => {
      bring(lowering, tensorOf(inner, value), results[k], own);
    });
    return own;
  });
  lowering.append(block, { kind: "branch", condition, then, otherwise });
  return results;
}

/** Carries in memory of their own for the whole loop, with their initial values. */
const holdState = ({ lowering, block }: RegionUse, initial: readonly Tensor[]): readonly StoredTensor[] =>
  initial.map((tensor) => {
    const held = lowering.allocate(tensor, block);
    lowering.copy(tensor, held, block);
    return held;
  });

/** Brings the next carries to where the carries are. One may be another carry of this step, so all are read before any is written. */
function advance(lowering: Lowering, body: Block, state: readonly StoredTensor[], next: readonly Tensor[]): void {
  const safe = next.map((tensor, i): Tensor => {
    const overlaps =
      tensor.kind === "stored" &&
      state.some((held, k) => held.place.buffer === tensor.place.buffer && (k !== i || !samePlace(tensor, held)));
    if (!overlaps) return tensor;
    const kept = lowering.allocate(tensor, body);
    lowering.copy(tensor, kept, body);
    return kept;
  });
  safe.forEach((tensor, i) => {
    bring(lowering, tensor, state[i], body);
  });
}

const isRead = (region: Graph, id: ValueId): boolean =>
  region.outputs.some(({ value }) => value === id) || region.nodes.some((node) => node.inputs.includes(id));

/**
 * The carries whose next value is a product that begins its sums with them, while nothing else reads them: each sum is
 * loaded once, before it is stored at the same place, so that the product can be made where the carry is.
 */
function sumsInPlace(region: Graph, consts: number, state: readonly HeldCarry[]): Destinations {
  const makers = makersOf(region);
  const candidates = state.flatMap(({ after: held, isInStack }, k) => {
    const maker = makers[region.outputs[k].value];
    return !isInStack && maker?.inputs[2] === consts + k ? [{ held, maker, carry: consts + k }] : [];
  });
  if (candidates.length === 0) return new Map();
  const types = valueTypes(region);
  const readers = countReads(region);
  return new Map(
    candidates.flatMap(({ held, maker, carry }): readonly (readonly [ValueId, StoredTensor])[] => {
      const kernel = kernelOf(maker, types);
      const begins = kernel?.kind === "contract" && kernel.hasAddend && readers[carry] === 1;
      return begins ? [[maker.id, held]] : [];
    }),
  );
}

function lowerLoop(use: RegionUse, { consts, carries, count, reverse }: StructureOf<"loop">): readonly Tensor[] {
  const { lowering, graph, node, inputs, block, lowerBody } = use;
  const [region] = node.regions;
  const loop = loopIn(block, count as number, reverse);
  const { body } = loop;
  const initial = inputs.slice(consts, consts + carries);
  const { carries: state, stacks } = holdLoop({ lowering, node, loop, block, consts, initial });
  const xs = inputs.slice(consts + carries).map((x) => rowOf(x, loop));
  const index = { ...lowering.counter(block), block: body };
  const inner = boundTo([...inputs.slice(0, consts), ...state.map(({ before }) => before), ...xs, index]);
  if (lowering.observer?.apart === true || isRead(region, region.params.length - 1))
    lowering.append(body, { kind: "index", loop, place: index.place });
  lowering.observer?.loop(loop, graph, node, index.place);

  const ys = region.outputs.slice(carries);
  const rows = destinationsFor(region, ys, (j) => rowOf(stacks[j], loop));
  const moving = region.outputs
    .slice(0, carries)
    .flatMap(({ value }, k) =>
      state[k].isInStack && value >= region.params.length ? [[value, state[k].after] as const] : [],
    );
  lowerBody(region, inner, body, new Map([...moving, ...rows, ...sumsInPlace(region, consts, state)]));
  ys.forEach(({ value }, j) => {
    bring(lowering, tensorOf(inner, value), rowOf(stacks[j], loop), body);
  });
  const next = region.outputs.slice(0, carries).map(({ value }) => tensorOf(inner, value));
  advance(
    lowering,
    body,
    state.map(({ after }) => after),
    next,
  );
  lowering.append(block, { kind: "loop", loop });
  return [...state.map(({ last }) => last), ...stacks].map((tensor) => ({ ...tensor, block }));
}

/** A loop of one step more than the limit, left in front of its body: the last of its steps can only leave. */
function lowerWhile(use: RegionUse, { consts, limit }: StructureOf<"while">): readonly Tensor[] {
  const { lowering, graph, node, inputs, block, lowerBody } = use;
  const [condition, region] = node.regions;
  const loop = loopIn(block, limit + 1, false);
  const { body } = loop;
  if (lowering.observer?.apart === true) {
    const { place } = lowering.allocate({ dtype: "i32", dims: [] }, block);
    lowering.append(body, { kind: "index", loop, place });
    lowering.observer.loop(loop, graph, node, place);
  }
  const state = holdState(use, inputs.slice(consts));
  const values = [...inputs.slice(0, consts), ...state.map((held) => ({ ...held, block: body }))];
  const tested = boundTo(values);
  lowerBody(condition, tested, body, new Map());
  const goesOn = lowering.contiguous(tensorOf(tested, condition.outputs[0].value));
  lowering.append(body, { kind: "leave", loop, unless: goesOn.place, site: lowering.siteOf(graph, node, "limit") });
  const inner = boundTo(values);
  lowerBody(region, inner, body, new Map());
  advance(
    lowering,
    body,
    state,
    region.outputs.map(({ value }) => tensorOf(inner, value)),
  );
  lowering.append(block, { kind: "loop", loop });
  return state.map((tensor) => ({ ...tensor, block }));
}
