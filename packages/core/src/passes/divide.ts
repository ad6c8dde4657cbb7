/**
 * Dividing: products of joined operands become products of the parts, where a part can leave a loop or nobody wants the
 * rest. concat(x, h)·W becomes h·W₂ + x·W₁ where x does not depend on a carry and h does, so that hoist takes x·W₁ out;
 * what is added to the product without depending on a carry goes with it. And a slice of x·W becomes x·slice(W) where
 * slices of it are all that is read, and they leave something out, such as the gradient of an input that nobody asks for.
 */
import { opOf } from "../graph/builder.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { makersOf, readersOf, type Makers, type Readers } from "../ir/uses.js";
import { add } from "../ops/arithmetic.js";
import { concat } from "../ops/concat.js";
import { dotGeneral, type DotAttrs } from "../ops/dot-general.js";
import { slice, type SliceAttrs } from "../ops/slice.js";
import { addDims, isAtLeast, subtractDims, type Dim } from "../shape/dim.js";
import { isFloat, sameDims, type Dims } from "../shape/tensor-type.js";
import { loopPartsOf } from "./loops.js";
import { variationsOf, type Variation } from "./outside.js";
import type { Pass } from "./pass.js";

const isProduct = (node: Node | undefined): node is Node =>
  node !== undefined && opOf(node) === (dotGeneral as unknown);
const isSlice = (node: Node): boolean => opOf(node) === (slice as unknown);

interface Uses extends Readers {
  readonly makers: Makers;
}

const usesIn = (graph: Graph): Uses => ({ ...readersOf(graph), makers: makersOf(graph) });

/** Elements from..to along one axis. */
function partOf(draft: Draft, id: ValueId, axis: number, from: Dim, to: Dim): ValueId {
  const { dims } = draft.typeOf(id);
  const start = new Array<Dim>(dims.length).fill(0).with(axis, from);
  return draft.emit(slice, [id], { start, limit: dims.with(axis, to), step: dims.map(() => 1) });
}

/** A product of a part of one operand and the same part of the other, as the variation of the joined parts says. */
interface Halves {
  readonly inside: ValueId;
  readonly outside: ValueId;
}

/** The product in two: what depends on a carry, and what does not; undefined where there is nothing to gain. */
function halvesOf(
  draft: Draft,
  node: Node,
  inputs: readonly ValueId[],
  { makers }: Uses,
  variations: readonly Variation[],
): Halves | undefined {
  const attrs = node.attrs as DotAttrs;
  for (const side of [0, 1]) {
    const joined = makers[node.inputs[side]];
    if (joined === undefined || opOf(joined) !== (concat as unknown)) continue;
    if (variations[node.inputs[1 - side]] === "by carry") continue;
    const own = side === 0 ? attrs.contractX : attrs.contractY;
    const place = own.indexOf(joined.attrs["axis"] as number);
    if (place < 0) continue;
    const axis = own[place];
    const axisOfOther = (side === 0 ? attrs.contractY : attrs.contractX)[place];
    const isInside = joined.inputs.map((id) => variations[id] === "by carry");
    if (!isInside.includes(true) || !isInside.includes(false)) continue;
    const parts = draft.producerOf(inputs[side])?.inputs ?? [];
    /** The product of the parts that are, or are not, inside. */
    const product = (inside: boolean): ValueId => {
      const mine: ValueId[] = [];
      const others: ValueId[] = [];
      let end: Dim = 0;
      parts.forEach((part, i) => {
        const begin = end;
        end = addDims(begin, draft.typeOf(part).dims[axis]);
        if (isInside[i] !== inside) return;
        mine.push(part);
        others.push(partOf(draft, inputs[1 - side], axisOfOther, begin, end));
      });
      const join = (some: readonly ValueId[], along: number): ValueId =>
        some.length === 1 ? some[0] : draft.emit(concat, some, { axis: along });
      const pair = [join(mine, axis), join(others, axisOfOther)];
      return draft.emit(dotGeneral, side === 0 ? pair : pair.reverse(), attrs);
    };
    return { inside: product(true), outside: product(false) };
  }
  return undefined;
}

/** For the body of a loop. */
function splitIn(body: Graph, variations: readonly Variation[]): Visitor {
  const uses = usesIn(body);
  const halves = new Map<ValueId, Halves>();
  return (node, inputs, draft) => {
    if (isProduct(node) && isFloat(node.types[0].dtype)) {
      const found = halvesOf(draft, node, inputs, uses, variations);
      if (found === undefined) return "keep";
      halves.set(node.id, found);
      return [draft.emit(add, [found.inside, found.outside], {})];
    }
    if (opOf(node) !== (add as unknown)) return "keep";
    for (const [i, other] of [
      [0, 1],
      [1, 0],
    ]) {
      const half = halves.get(node.inputs[i]);
      if (half === undefined || variations[node.inputs[other]] === "by carry") continue;
      if (uses.byValue[node.inputs[i]].length !== 1 || uses.outputs.has(node.inputs[i])) continue;
      return [draft.emit(add, [half.inside, draft.emit(add, [half.outside, inputs[other]], {})], {})];
    }
    return "keep";
  };
}

/** The one axis along which a slice leaves something out, taking neighbours; undefined: none, or more. */
function slicedAxis({ start, limit, step }: SliceAttrs, dims: Dims): number | undefined {
  const axes = dims.flatMap((dim, axis) =>
    start[axis] === 0 && limit[axis] === dim && step[axis] === 1 ? [] : [axis],
  );
  return axes.length === 1 && step[axes[0]] === 1 ? axes[0] : undefined;
}

/** Whether slices of a value are all that is read of it, along one axis, apart from each other, with something left out. */
function leavesOut(product: Node, axis: number, { byValue, outputs }: Uses): boolean {
  const { dims } = product.types[0];
  const all = byValue[product.id];
  if (outputs.has(product.id) || !all.every(isSlice)) return false;
  const attrs = all.map((reader) => reader.attrs as SliceAttrs);
  if (attrs.some((each) => slicedAxis(each, dims) !== axis)) return false;
  const areApart = attrs.every((one, i) =>
    attrs.every(
      (other, k) =>
        k <= i || isAtLeast(other.start[axis], one.limit[axis]) || isAtLeast(one.start[axis], other.limit[axis]),
    ),
  );
  const read = addDims(...attrs.map(({ start, limit }) => subtractDims(limit[axis], start[axis])));
  return areApart && !sameDims([read], [dims[axis]]);
}

/** A slice of a product as the product of a slice. */
function sliceOperand(draft: Draft, node: Node, inputs: readonly ValueId[], uses: Uses): ValueId | undefined {
  const original = uses.makers[node.inputs[0]];
  const product = draft.producerOf(inputs[0]);
  if (!isProduct(original) || !isProduct(product)) return undefined;
  const attrs = node.attrs as SliceAttrs;
  const axis = slicedAxis(attrs, product.types[0].dims);
  if (axis === undefined || !leavesOut(original, axis, uses)) return undefined;
  const dot = product.attrs as DotAttrs;
  const free = [
    { side: 0, used: [...dot.batchX, ...dot.contractX] },
    { side: 1, used: [...dot.batchY, ...dot.contractY] },
  ].flatMap(({ side, used }) =>
    draft
      .typeOf(product.inputs[side])
      .dims.flatMap((_, operandAxis) => (used.includes(operandAxis) ? [] : [{ side, operandAxis }])),
  );
  const at = free.at(axis - dot.batchX.length);
  if (axis < dot.batchX.length || at === undefined) return undefined;
  const part = partOf(draft, product.inputs[at.side], at.operandAxis, attrs.start[axis], attrs.limit[axis]);
  return draft.emit(dotGeneral, product.inputs.with(at.side, part), dot);
}

function divideIn(graph: Graph): Visitor {
  const uses = usesIn(graph);
  return (node, inputs, draft) => {
    if (isSlice(node)) {
      const product = sliceOperand(draft, node, inputs, uses);
      return product === undefined ? "keep" : [product];
    }
    const [body] = node.regions;
    const parts = node.regions.length === 1 ? loopPartsOf(node, body) : undefined;
    if (parts === undefined) return "keep";
    const variations = variationsOf(parts, new Map());
    const divided = rebuild(body, (region) => (region === body ? splitIn(body, variations) : () => "keep"));
    return divided === body ? "keep" : draft.emitNode(parts.op, inputs, node.attrs, [divided]);
  };
}

/** Divides products of joined operands, where a part can leave a loop or nobody reads the rest. */
export const divide: Pass = {
  name: "divide",
  summary: "Divides products of joined operands, where a part can leave a loop or nobody reads the rest.",
  run: (graph) => rebuild(graph, divideIn),
};
