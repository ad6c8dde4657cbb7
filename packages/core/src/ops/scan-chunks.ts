/**
 * Loops in chunks of steps: an outer loop over chunks, whose steps are made each by itself, around a loop over the steps of
 * one. What a chunk computes is in memory while the chunk runs; of all chunks, only what is given and asked for.
 */
import type { Graph, Node } from "../ir/graph.js";
import { ceilDivDim, multiplyDims, subtractDims, type Dim } from "../shape/dim.js";
import { i32, type TensorType } from "../shape/tensor-type.js";
import { add, min, mul } from "./arithmetic.js";
import { eq, lt, or, select } from "./compare.js";
import { constant, iota, size } from "./constant.js";
import { gather } from "./gather.js";
import type { Emit, RegionScope, Value } from "./op.js";
import { broadcast } from "./reduce.js";
import { reshape } from "./reshape.js";
import { bodyParams, intConstant, namedTypes, runLoop, type Loop, type LoopResults } from "./scan-loop.js";
import { pad, slice } from "./slice.js";

/** A loop of `count` chunks of `steps` steps each; the last chunk may reach beyond the end. */
export interface Chunks {
  readonly count: Dim;
  readonly steps: Dim;
  readonly total: Dim;
}

/** As few chunks as hold at most `most` steps each, and as few steps in each as that takes: no chunk is longer than the whole. */
export function chunksOf(total: Dim, most: Dim): Chunks {
  const count = ceilDivDim(total, most);
  return { count, steps: ceilDivDim(total, count), total };
}

const covered = ({ count, steps }: Chunks): Dim => multiplyDims(count, steps);
const isExact = (chunks: Chunks): boolean => covered(chunks) === chunks.total;

/** The index of a chunk's first step. */
export const chunkStart = (emit: Emit, chunk: Value, { steps }: Chunks): Value =>
  emit(mul, [chunk, emit(size, [], { dtype: "i32", dim: steps })]);

/**
 * The body for the steps of one chunk: has the chunk's first step as a const more,
 * takes the step within the chunk as t; beyond the end it repeats the last step and leaves carries alone.
 */
export function chunkBody(scope: RegionScope, loop: Loop, chunks: Chunks): Graph {
  const params = bodyParams(loop);
  return scope.region(
    loop.body.name,
    [...params.consts, { name: "first", type: i32() }, ...params.carries, ...params.xs, params.t],
    ({ emit, inline }, args) => {
      const { length: constCount } = loop.consts;
      const first = args[constCount];
      const t = emit(add, [first, args[args.length - 1]]);
      const rest = args.slice(constCount + 1, -1);
      const run = (step: Value): readonly Value[] => inline(loop.body, [...args.slice(0, constCount), ...rest, step]);
      if (isExact(chunks)) return run(t);
      const sizeOf = (dim: Dim): Value => emit(size, [], { dtype: "i32", dim });
      const total = sizeOf(chunks.total);
      const active = emit(lt, [t, total]);
      // Sizes may show that no chunk reaches beyond the end: then nothing is left of the choices.
      const exact = emit(eq, [sizeOf(covered(chunks)), total]);
      const outputs = run(emit(select, [exact, t, emit(min, [t, emit(add, [total, intConstant(emit, -1)])])]));
      return outputs.map((output, i) => {
        if (i >= loop.carries.length) return output;
        const { dims } = output.type;
        const repeated = (scalar: Value): Value => emit(broadcast, [scalar], { dims, axes: [] });
        return emit(select, [emit(or, [repeated(exact), repeated(active)]), output, rest[i]]);
      });
    },
  );
}

/** Stacked steps cut into chunks: [total, ...] → [count, steps, ...]. Steps beyond the end repeat the last one, so that they compute nothing strange. */
export function cutIntoChunks({ emit }: RegionScope, stack: Value, chunks: Chunks): Value {
  const inner = stack.type.dims.slice(1);
  const dims = [chunks.count, chunks.steps, ...inner];
  if (isExact(chunks)) return emit(reshape, [stack], { dims });
  const positions = emit(iota, [], { dtype: "i32", dims: [covered(chunks)], axis: 0 });
  const last = emit(add, [emit(size, [], { dtype: "i32", dim: chunks.total }), intConstant(emit, -1)]);
  const index = emit(min, [positions, emit(broadcast, [last], { dims: positions.type.dims, axes: [] })]);
  return emit(reshape, [emit(gather, [stack, index], { axis: 0, batch: 0 })], { dims });
}

/** Cotangents of stacked steps cut into chunks; those of steps beyond the end are zero. */
export function cutCotangents({ emit }: RegionScope, stack: Value, chunks: Chunks): Value {
  const inner = stack.type.dims.slice(1);
  const none = stack.type.dims.map(() => 0);
  const zero = emit(constant, [], { dtype: stack.type.dtype, dims: [], data: [0] });
  const missing = subtractDims(covered(chunks), chunks.total);
  const full = isExact(chunks)
    ? stack
    : emit(pad, [stack, zero], { low: none, high: [missing, ...inner.map(() => 0)], interior: none });
  return emit(reshape, [full], { dims: [chunks.count, chunks.steps, ...inner] });
}

/** Chunked steps as one stack again: [count, steps, ...] → [total, ...]. */
export function joinChunks({ emit }: RegionScope, stack: Value, chunks: Chunks): Value {
  const inner = stack.type.dims.slice(2);
  const flat = emit(reshape, [stack], { dims: [covered(chunks), ...inner] });
  if (isExact(chunks)) return flat;
  return emit(slice, [flat], {
    start: flat.type.dims.map(() => 0),
    limit: [chunks.total, ...inner],
    step: flat.type.dims.map(() => 1),
  });
}

/** The types of the rows of stacks. */
export const rowTypes = (stacks: readonly Value[]): readonly TensorType[] =>
  stacks.map(({ type: { dtype, dims } }) => ({ dtype, dims: dims.slice(1) }));

/** The inner loop over one chunk. `xs`: its rows. */
export const chunkLoop = (
  { emit }: RegionScope,
  { scan, reverse }: Loop,
  body: Graph,
  chunks: Chunks,
  chunk: Value,
  consts: readonly Value[],
  carries: readonly Value[],
  xs: readonly Value[],
): Loop => ({
  scan,
  body,
  consts: [...consts, chunkStart(emit, chunk, chunks)],
  carries,
  xs,
  length: chunks.steps,
  reverse,
});

/** What a loop over the steps of a chunk makes of its step: the whole's, which has `total` steps, or as many as one likes. */
export interface ChunkedSteps {
  readonly steps: number;
  readonly total: number;
}

/** How many steps each chunk has, where `region` is a chunk and `node` the loop over its steps; undefined elsewhere. Sizes are bound. */
export function chunkedSteps(region: Graph, node: Node): ChunkedSteps | undefined {
  const chunk = region.params.length - 1;
  const starts = region.nodes.filter((start) => start.op === mul.name && start.inputs[0] === chunk);
  const { length } = node.attrs;
  if (typeof length !== "number" || !starts.some(({ id }) => node.inputs.includes(id))) return undefined;
  const [body] = node.regions;
  // Where chunks reach beyond the end, the body asks of each step whether it does.
  const asked = body.nodes.find(({ op, inputs }) => op === lt.name && inputs[0] === body.nodes[0].id);
  const total = body.nodes.find(({ id }) => id === asked?.inputs[1])?.attrs["dim"];
  return { steps: length, total: typeof total === "number" ? total : Infinity };
}

export interface ChunkedResults extends LoopResults {
  /** The carries before each chunk, stacked. */
  readonly starts: readonly Value[];
}

/** Emits the loop in chunks. `body` is its chunkBody, `xs` its xs in chunks. */
export function runChunks(
  scope: RegionScope,
  loop: Loop,
  chunks: Chunks,
  body: Graph,
  xs: readonly Value[],
): ChunkedResults {
  const { scan, consts, carries, reverse } = loop;
  const params = bodyParams(loop);
  const region = scope.region(
    `${loop.body.name}.chunk`,
    [...params.consts, ...params.carries, ...namedTypes("steps", rowTypes(xs)), { name: "chunk", type: i32() }],
    (inner, args) => {
      const start = args.slice(consts.length, consts.length + carries.length);
      const steps = args.slice(consts.length + carries.length, -1);
      const chunk = args[args.length - 1];
      const run = runLoop(
        inner,
        chunkLoop(inner, loop, body, chunks, chunk, args.slice(0, consts.length), start, steps),
      );
      return [...run.finals, ...run.ys, ...start];
    },
  );
  const outer = runLoop(scope, {
    scan,
    body: region,
    consts,
    carries,
    xs,
    length: chunks.count,
    reverse,
    checkpoint: 1,
  });
  const ySlots = outer.ys.length - carries.length;
  return {
    finals: outer.finals,
    ys: outer.ys.slice(0, ySlots).map((stack) => joinChunks(scope, stack, chunks)),
    starts: outer.ys.slice(ySlots),
  };
}

/** The loop in chunks, where no way back is wanted. */
export function runInChunks(scope: RegionScope, loop: Loop, chunks: Chunks): LoopResults {
  const xs = loop.xs.map((x) => cutIntoChunks(scope, x, chunks));
  return runChunks(scope, loop, chunks, chunkBody(scope, loop, chunks), xs);
}
