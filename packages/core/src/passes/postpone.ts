/**
 * Postponing: rows that are looked up or padded for all steps, and read by a loop whose steps are kept apart, are made in the
 * step that reads them. So chunks of steps that do not divide the length need no copy of what they are cut from, and an
 * embedding is looked up a chunk at a time. Decision 0066.
 */
import { buildScope, type BuilderScope } from "../graph/builder.js";
import { nameSource } from "../graph/names.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import { valueNames, type Graph, type Node, type Origin, type ValueId } from "../ir/graph.js";
import { add, min, mul } from "../ops/arithmetic.js";
import { le, select } from "../ops/compare.js";
import { constant, iota } from "../ops/constant.js";
import { gather } from "../ops/gather.js";
import { opNamed } from "../ops/index.js";
import type { AnyOp, Value } from "../ops/op.js";
import { broadcast } from "../ops/reduce.js";
import { reshape, transpose } from "../ops/reshape.js";
import { pad, type PadAttrs } from "../ops/slice.js";
import { sameDims } from "../shape/tensor-type.js";
import { splatOf } from "./constants.js";
import { loopPartsOf, type LoopParts } from "./loops.js";
import type { Pass } from "./pass.js";

/** How a step makes its row of a stack. */
interface Way {
  /** What every step reads, and stacks of which it reads its row. */
  readonly consts: readonly ValueId[];
  readonly rows: readonly ValueId[];
  make(g: BuilderScope, consts: readonly Value[], rows: readonly Value[], index: Value): Value;
}

const makerOf = (draft: Draft, id: ValueId, op: unknown): Node | undefined => {
  const maker = draft.producerOf(id);
  return maker !== undefined && opNamed(maker.op) === (op as AnyOp) ? maker : undefined;
};

/** A stack before its first axis was cut in chunks of so many steps; the stack itself where it was not. */
function uncut(draft: Draft, stack: ValueId): { readonly whole: ValueId; readonly steps?: number } {
  const cut = makerOf(draft, stack, reshape);
  if (cut === undefined) return { whole: stack };
  const [whole] = cut.inputs;
  const [, steps, ...rest] = cut.types[0].dims;
  return sameDims(draft.typeOf(whole).dims.slice(1), rest) ? { whole, steps: steps as number } : { whole: stack };
}

/** x with its axes in another order, or x itself. */
function moved(draft: Draft, id: ValueId): { readonly x: ValueId; readonly order: readonly number[] } {
  const move = makerOf(draft, id, transpose);
  if (move !== undefined) return { x: move.inputs[0], order: move.attrs["order"] as readonly number[] };
  return { x: id, order: draft.typeOf(id).dims.map((_, axis) => axis) };
}

/** x and indices of which the stack is gather(x, indices) along the first axis. */
interface LookUp {
  readonly x: ValueId;
  readonly indices: ValueId;
  readonly origin: Origin | undefined;
}

function lookUpOf(draft: Draft, stack: ValueId): LookUp | undefined {
  const { x: found, order } = moved(draft, stack);
  const node = makerOf(draft, found, gather);
  if (node === undefined || node.attrs["axis"] !== 0 || node.attrs["batch"] !== 0) return undefined;
  const [x, given] = node.inputs;
  const { length: rank } = draft.typeOf(given).dims;
  // Only the axes of the indices may have moved: then they are in the same order.
  if (order.some((axis, i) => (i < rank ? axis >= rank : axis !== i))) return undefined;
  const indices = order.every((axis, i) => axis === i)
    ? given
    : draft.emit(transpose, [given], { order: order.slice(0, rank) });
  const inner = lookUpOf(draft, x);
  if (inner === undefined) return { x, indices, origin: node.origin };
  return { ...inner, indices: draft.emit(gather, [inner.indices, indices], { axis: 0, batch: 0 }) };
}

/** Rows of what is in memory, by indices of rank 1: of a transposed x, from x. */
function gatherRows(g: BuilderScope, x: Value, order: readonly number[], indices: Value): Value {
  const rows = g.emit(gather, [x, indices], { axis: order[0], batch: 0 });
  return order.every((axis, i) => axis === i) ? rows : g.emit(transpose, [rows], { order });
}

/** Emits the indices of the steps of a chunk: those of steps beyond `last` are `last`. */
function stepsOfChunk(g: BuilderScope, chunk: Value, steps: number, last: number) {
  const repeat = (scalar: Value): Value => g.emit(broadcast, [scalar], { dims: [steps], axes: [] });
  const int = (value: number): Value => g.emit(constant, [], { dtype: "i32", dims: [], data: [value] });
  const first = repeat(g.emit(mul, [chunk, int(steps)]));
  const index = g.emit(add, [first, g.emit(iota, [], { dtype: "i32", dims: [steps], axis: 0 })]);
  const most = repeat(int(last));
  return { index, most, clamped: g.emit(min, [index, most]) };
}

/** The number at which indices that count up stop; undefined for others. */
function lastOfClamped(draft: Draft, indices: ValueId): number | undefined {
  const node = makerOf(draft, indices, min);
  if (node === undefined || draft.typeOf(indices).dims.length !== 1) return undefined;
  return makerOf(draft, node.inputs[0], iota) === undefined ? undefined : splatOf(draft, node.inputs[1]);
}

function wayToLookUp(draft: Draft, { x: found, indices, origin }: LookUp, steps: number | undefined): Way {
  const { dims } = draft.typeOf(indices);
  const isOfRows = dims.length === (steps === undefined ? 2 : 1);
  const { x, order } = isOfRows ? moved(draft, found) : { x: found, order: undefined };
  const look = (g: BuilderScope, all: Value, own: Value): Value =>
    g.at(origin, () =>
      order === undefined ? g.emit(gather, [all, own], { axis: 0, batch: 0 }) : gatherRows(g, all, order, own),
    );
  const last = lastOfClamped(draft, indices);
  if (steps !== undefined && last !== undefined)
    return {
      consts: [x],
      rows: [],
      make: (g, [all], _, chunk) => look(g, all, stepsOfChunk(g, chunk, steps, last).clamped),
    };
  const cut = (count: number): ValueId =>
    draft.emit(reshape, [indices], { dims: [(dims[0] as number) / count, count, ...dims.slice(1)] });
  return {
    consts: [x],
    rows: [steps === undefined ? indices : cut(steps)],
    make: (g, [all], [own]) => look(g, all, own),
  };
}

function wayToPad(draft: Draft, node: Node, steps: number): Way | undefined {
  const { low, high, interior } = node.attrs as PadAttrs;
  if ([...low, ...interior, ...high.slice(1)].some((count) => count !== 0)) return undefined;
  const [padded, fill] = node.inputs;
  const [length] = draft.typeOf(padded).dims;
  const { x, order } = moved(draft, padded);
  const make: Way["make"] = (g, [all, around], _, chunk) => {
    const { index, most, clamped } = stepsOfChunk(g, chunk, steps, (length as number) - 1);
    const rows = gatherRows(g, all, order, clamped);
    const { dims } = rows.type;
    const isInside = g.emit(broadcast, [g.emit(le, [index, most])], { dims, axes: [0] });
    return g.emit(select, [isInside, rows, g.emit(broadcast, [around], { dims, axes: [] })]);
  };
  return { consts: [x, fill], rows: [], make: (g, ...given) => g.at(node.origin, () => make(g, ...given)) };
}

function wayTo(draft: Draft, stack: ValueId): Way | undefined {
  // Sizes that are not known yet may still show that nothing is to be done.
  if (draft.typeOf(stack).dims.some((dim) => typeof dim !== "number")) return undefined;
  const { whole, steps } = uncut(draft, stack);
  const lookUp = lookUpOf(draft, whole);
  if (lookUp !== undefined) return wayToLookUp(draft, lookUp, steps);
  const padded = steps === undefined ? undefined : makerOf(draft, whole, pad);
  return padded === undefined || steps === undefined ? undefined : wayToPad(draft, padded, steps);
}

/** The body of a loop that makes some of its rows itself. */
function bodyWith({ body, params }: LoopParts, ways: readonly (Way | undefined)[], draft: Draft): Graph {
  const g = buildScope(body.name);
  const names = nameSource(valueNames(body));
  const given = (ids: readonly ValueId[] = [], rows = false): readonly Value[] =>
    ids.map((id) => {
      const { dtype, dims } = draft.typeOf(id);
      return g.param(names.fresh("given"), { dtype, dims: rows ? dims.slice(1) : dims });
    });
  const own = (some: LoopParts["params"]["rows"]): readonly Value[] =>
    some.map(({ name, type, origin }) => g.param(name, type, origin));
  const consts = own(params.consts);
  const givenConsts = ways.map((way) => given(way?.consts));
  const carries = own(params.carries);
  const givenRows = ways.map((way, i) => (way === undefined ? own([params.rows[i]]) : given(way.rows, true)));
  const [index] = own([params.index]);
  const rows = ways.map((way, i) => way?.make(g, givenConsts[i], givenRows[i], index) ?? givenRows[i][0]);
  const outputs = g.inline(body, [...consts, ...carries, ...rows, index]);
  return g.build(Object.fromEntries(body.outputs.map(({ name }, i) => [name, outputs[i]])));
}

function postponeIn(): Visitor {
  return (node, inputs, draft) => {
    const [body] = node.regions;
    const parts = node.regions.length === 1 ? loopPartsOf(node, body) : undefined;
    if (parts?.apart !== true || parts.op.reshaped === undefined) return "keep";
    const { params, op } = parts;
    const firstRow = params.consts.length + params.carries.length;
    const stacks = inputs.slice(firstRow, firstRow + params.rows.length);
    const ways = stacks.map((stack) => wayTo(draft, stack));
    if (ways.every((way) => way === undefined)) return "keep";
    const consts = [...inputs.slice(0, params.consts.length), ...ways.flatMap((way) => way?.consts ?? [])];
    const rows = ways.flatMap((way, i) => way?.rows ?? [stacks[i]]);
    return draft.emitNode(
      op,
      [
        ...consts,
        ...inputs.slice(params.consts.length, firstRow),
        ...rows,
        ...inputs.slice(firstRow + params.rows.length),
      ],
      op.reshaped?.(node.attrs, consts.length, params.carries.length) ?? node.attrs,
      [bodyWith(parts, ways, draft)],
    );
  };
}

/** Makes rows that are looked up or padded in the step that reads them, in loops whose steps are kept apart. */
export const postpone: Pass = {
  name: "postpone",
  summary: "Makes rows that are looked up or padded in the step that reads them, in loops whose steps are kept apart.",
  run: (graph) => rebuild(graph, postponeIn),
};
