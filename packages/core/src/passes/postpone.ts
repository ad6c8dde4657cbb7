/**
 * Postponing: rows that are looked up, padded or cheaply computed for all steps, and read by a loop whose steps are kept apart, are made in the
 * step that reads them. So chunks of steps that do not divide the length need no copy of what they are cut from, an
 * embedding is looked up a chunk at a time, and the cotangents of a squared error are no stack. Decisions 0066 and 0079.
 */
import { buildScope, type BuilderScope } from "../graph/builder.js";
import { nameSource } from "../graph/names.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import { valueNames, type Graph, type Node, type Origin, type ValueId } from "../ir/graph.js";
import { countReads, makersOf } from "../ir/uses.js";
import { min } from "../ops/arithmetic.js";
import { le, select } from "../ops/compare.js";
import { iota } from "../ops/constant.js";
import { gather } from "../ops/gather.js";
import { opNamed } from "../ops/index.js";
import type { Value } from "../ops/op.js";
import { broadcast } from "../ops/reduce.js";
import { reshape, transpose } from "../ops/reshape.js";
import { pad, type PadAttrs } from "../ops/slice.js";
import { sameDims } from "../shape/tensor-type.js";
import { rowsComputed, wayToCompute } from "./computed-rows.js";
import { splatOf } from "./constants.js";
import { loopPartsOf, type LoopParts } from "./loops.js";
import type { Pass } from "./pass.js";
import { gatherRows, makerOf, moved, rowsInMemory, stepsOfChunk, type Way } from "./rows.js";

/** A stack before its first axis was cut in chunks of so many steps; the stack itself where it was not. */
function uncut(draft: Draft, stack: ValueId): { readonly whole: ValueId; readonly steps?: number } {
  const cut = makerOf(draft, stack, reshape);
  if (cut === undefined) return { whole: stack };
  const [whole] = cut.inputs;
  const [count, steps, ...rest] = cut.types[0].dims as readonly number[];
  return sameDims(draft.typeOf(whole).dims, [count * steps, ...rest]) ? { whole, steps } : { whole: stack };
}

/** x and indices of which the stack is gather(x, indices) along the first axis, one index or several for each of its rows. */
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
  // One index looks up the whole stack at once.
  if (rank === 0) return undefined;
  // Only the axes of the indices may have moved: then they are in the same order.
  if (order.some((axis, i) => (i < rank ? axis >= rank : axis !== i))) return undefined;
  const indices = order.every((axis, i) => axis === i)
    ? given
    : draft.emit(transpose, [given], { order: order.slice(0, rank) });
  const inner = lookUpOf(draft, x);
  if (inner === undefined) return { x, indices, origin: node.origin };
  return { ...inner, indices: draft.emit(gather, [inner.indices, indices], { axis: 0, batch: 0 }) };
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

function wayToPad(draft: Draft, node: Node, steps: number, isAlone: boolean): Way | undefined {
  const { low, high, interior } = node.attrs as PadAttrs;
  if ([...low, ...interior, ...high.slice(1)].some((count) => count !== 0)) return undefined;
  const [padded, fill] = node.inputs;
  const [length] = draft.typeOf(padded).dims;
  const source = (isAlone ? rowsComputed(draft, padded, steps) : undefined) ?? rowsInMemory(draft, padded);
  const make: Way["make"] = (g, consts, _, chunk) => {
    const { index, most, clamped } = stepsOfChunk(g, chunk, steps, (length as number) - 1);
    const rows = source.make(g, consts, clamped);
    const { dims } = rows.type;
    const isInside = g.emit(broadcast, [g.emit(le, [index, most])], { dims, axes: [0] });
    const around = g.emit(broadcast, [consts[source.consts.length]], { dims, axes: [] });
    return g.emit(select, [isInside, rows, around]);
  };
  return {
    consts: [...source.consts, fill],
    rows: [],
    make: (g, ...given) => g.at(node.origin, () => make(g, ...given)),
  };
}

/** `isAlone`: whether nothing else reads the stack, nor what it is cut from. */
function wayTo(draft: Draft, stack: ValueId, isAlone: boolean): Way | undefined {
  // Sizes that are not known yet may still show that nothing is to be done.
  if (draft.typeOf(stack).dims.some((dim) => typeof dim !== "number")) return undefined;
  const { whole, steps } = uncut(draft, stack);
  const lookUp = lookUpOf(draft, whole);
  if (lookUp !== undefined) return wayToLookUp(draft, lookUp, steps);
  if (steps === undefined) return undefined;
  const padded = makerOf(draft, whole, pad);
  if (padded !== undefined) return wayToPad(draft, padded, steps, isAlone);
  return isAlone ? wayToCompute(draft, whole, steps) : undefined;
}

/** Of a value: whether the node that asks is the only one that reads it, and so on with what it is a view or a padding of. */
function readAlone(graph: Graph): (id: ValueId) => boolean {
  const makers = makersOf(graph);
  const reads = countReads(graph);
  return function isAlone(id): boolean {
    if (reads[id] !== 1) return false;
    const maker = makers[id];
    const op = maker === undefined ? undefined : opNamed(maker.op);
    return op?.kind === "op" && (op.traits.view === true || op === (pad as unknown))
      ? isAlone(maker?.inputs[0] ?? id)
      : true;
  };
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

function postponeIn(graph: Graph): Visitor {
  let known: ReturnType<typeof readAlone> | undefined;
  const isAlone = (id: ValueId): boolean => (known ??= readAlone(graph))(id);
  return (node, inputs, draft) => {
    const [body] = node.regions;
    const parts = node.regions.length === 1 ? loopPartsOf(node, body) : undefined;
    if (parts?.apart !== true || parts.op.reshaped === undefined) return "keep";
    const { params, op } = parts;
    const firstRow = params.consts.length + params.carries.length;
    const stacks = inputs.slice(firstRow, firstRow + params.rows.length);
    const ways = stacks.map((stack, i) => wayTo(draft, stack, isAlone(node.inputs[firstRow + i])));
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

/** Makes rows that are looked up, padded or cheaply computed in the step that reads them, in loops whose steps are kept apart. */
export const postpone: Pass = {
  name: "postpone",
  summary:
    "Makes rows that are looked up, padded or cheaply computed in the step that reads them, in loops whose steps are kept apart.",
  run: (graph) => rebuild(graph, postponeIn),
};
