/**
 * Loops under construction: a scan without lengths, checkpoints or truncation,
 * as the derivative builds them. `lengths` and chunks of steps are expressed
 * here as changes of the body, so that differentiation knows only one kind of loop.
 */
import { outputTypes, type Graph } from "../ir/graph.js";
import { ceilDivDim, multiplyDims, subtractDims, type Dim } from "../shape/dim.js";
import { i32, type TensorType } from "../shape/tensor-type.js";
import { add, min, mul } from "./arithmetic.js";
import { lt, select } from "./compare.js";
import { constant, iota, size } from "./constant.js";
import { gather } from "./gather.js";
import type { Emit, RegionOp, RegionScope, Value } from "./op.js";
import { broadcast } from "./reduce.js";
import { reshape } from "./reshape.js";
import { filled } from "./rules.js";
import { scanInputs, type ScanAttrs } from "./scan-inputs.js";
import { pad, slice } from "./slice.js";

export interface Loop {
  readonly scan: RegionOp<ScanAttrs>;
  /** (consts..., carries..., xs_t..., t) → (carries'..., ys_t...) */
  readonly body: Graph;
  readonly consts: readonly Value[];
  readonly carries: readonly Value[];
  readonly xs: readonly Value[];
  readonly length: Dim;
  readonly reverse: boolean;
}

export interface LoopResults {
  readonly finals: readonly Value[];
  readonly ys: readonly Value[];
}

interface NamedType {
  readonly name: string;
  readonly type: TensorType;
}

/** Parameters of a region, numbered. */
export const namedTypes = (prefix: string, types: readonly TensorType[]): readonly NamedType[] =>
  types.map((type, i) => ({ name: `${prefix}_${i}`, type }));

export const intConstant = (emit: Emit, value: number): Value =>
  emit(constant, [], { dtype: "i32", dims: [], data: [value] });

/** The params of a body by role. */
export const bodyParams = ({ body, consts, carries }: Pick<Loop, "body" | "consts" | "carries">) => {
  const firstX = consts.length + carries.length;
  return {
    consts: body.params.slice(0, consts.length),
    carries: body.params.slice(consts.length, firstX),
    xs: body.params.slice(firstX, -1),
    t: body.params[body.params.length - 1],
  };
};

/** Emits the loop as a scan. */
export function runLoop(scope: RegionScope, { scan, body, consts, carries, xs, length, reverse }: Loop): LoopResults {
  const results = scope.emitRegion(
    scan,
    [...consts, ...carries, ...xs],
    { consts: consts.length, carries: carries.length, length, reverse, lengths: "none", checkpoint: 0, truncate: [] },
    [body],
  );
  return { finals: results.slice(0, carries.length), ys: results.slice(carries.length) };
}

/** x where `active` (a scalar, or one bool per example), else y. */
function choose(emit: Emit, active: Value, x: Value, y: Value): Value {
  const { dims } = x.type;
  const mask =
    active.type.dims.length === dims.length
      ? active
      : emit(broadcast, [active], { dims, axes: active.type.dims.map((_, axis) => axis) });
  return emit(select, [mask, x, y]);
}

/**
 * The same loop with lengths written into its body. For "hold", the ys of the step before become carries,
 * behind the others.
 */
export function lowerLengths(
  scope: RegionScope,
  scan: RegionOp<ScanAttrs>,
  inputs: readonly Value[],
  body: Graph,
  attrs: ScanAttrs,
): Loop {
  const { consts, carries, xs, lengths } = scanInputs(inputs, attrs);
  const plain: Loop = { scan, body, consts, carries, xs, length: attrs.length, reverse: attrs.reverse };
  if (lengths === undefined) return plain;
  const params = bodyParams(plain);
  const hold = attrs.lengths === "hold";
  const heldTypes = hold ? outputTypes(body).slice(carries.length) : [];
  const held = namedTypes("held", heldTypes);
  const masked = scope.region(
    body.name,
    [...params.consts, { name: "lengths", type: lengths.type }, ...params.carries, ...held, ...params.xs, params.t],
    ({ emit, inline }, args) => {
      const length = args[consts.length];
      const states = args.slice(consts.length + 1, consts.length + 1 + carries.length);
      const before = args.slice(consts.length + 1 + carries.length, consts.length + 1 + carries.length + held.length);
      const rest = args.slice(consts.length + 1 + carries.length + held.length);
      const t = rest[rest.length - 1];
      const outputs = inline(body, [...args.slice(0, consts.length), ...states, ...rest]);
      const active = emit(lt, [emit(broadcast, [t], { dims: length.type.dims, axes: [] }), length]);
      const next = states.map((state, i) => choose(emit, active, outputs[i], state));
      const ys = outputs
        .slice(carries.length)
        .map((y, i) => choose(emit, active, y, hold ? before[i] : filled(emit, y.type, 0)));
      return [...next, ...(hold ? ys : []), ...ys];
    },
  );
  return {
    ...plain,
    body: masked,
    consts: [...consts, lengths],
    carries: [...carries, ...heldTypes.map((type) => filled(scope.emit, type, 0))],
  };
}

/** A loop of `count` chunks of `steps` steps each; the last chunk may reach beyond the end. */
export interface Chunks {
  readonly count: Dim;
  readonly steps: Dim;
  readonly total: Dim;
}

export const chunksOf = (total: Dim, steps: Dim): Chunks => ({ count: ceilDivDim(total, steps), steps, total });

const covered = ({ count, steps }: Chunks): Dim => multiplyDims(count, steps);
const isExact = (chunks: Chunks): boolean => covered(chunks) === chunks.total;

/** The index of a chunk's first step. */
export const chunkStart = (emit: Emit, chunk: Value, { steps }: Chunks): Value =>
  emit(mul, [chunk, emit(size, [], { dtype: "i32", dim: steps })]);

/**
 * The body for the steps of one chunk: has the chunk's first step as a const more,
 * takes the step within the chunk as t, and leaves carries alone beyond the end.
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
      const outputs = inline(loop.body, [...args.slice(0, constCount), ...rest, t]);
      if (isExact(chunks)) return outputs;
      const active = emit(lt, [t, emit(size, [], { dtype: "i32", dim: chunks.total })]);
      return outputs.map((output, i) => (i < loop.carries.length ? choose(emit, active, output, rest[i]) : output));
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
