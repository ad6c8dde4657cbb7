/**
 * The derivative of scan is another scan in the other direction. The forward
 * scan is run with additional ys, the residuals that `split` chose; the backward scan
 * carries the cotangents of the carries and the sums for the consts, and stacks those of xs.
 *
 * With checkpoints, the forward scan runs in chunks and stores only the
 * carries at the start of each; the backward scan runs each chunk forward again, now
 * with residuals, before it goes back through it (Griewank & Walther 2000; Chen et al. 2016).
 * Sums are handed from chunk to chunk, so by these definitions every number is added in the same order as without.
 * The loops over chunks keep their steps apart (scan-chunks.ts), also where they are differentiated in turn.
 */
import { i32 } from "../shape/tensor-type.js";
import { isAtLeast, subtractDims } from "../shape/dim.js";
import { add } from "./arithmetic.js";
import { concat } from "./concat.js";
import type { Cotangent, RegionDerivative, RegionScope, RegionVjpRule, Value } from "./op.js";
import { reshape } from "./reshape.js";
import { filled } from "./rules.js";
import {
  adjointOf,
  findActivity,
  pick,
  stackedCarries,
  stepBack,
  type Activity,
  type Adjoint,
  type Flow,
  type StepCotangents,
} from "./scan-adjoint.js";
import type { ScanAttrs } from "./scan-inputs.js";
import {
  chunkBody,
  chunkLoop,
  chunksOf,
  cutCotangents,
  cutIntoChunks,
  joinChunks,
  rowTypes,
  runChunks,
  type Chunks,
} from "./scan-chunks.js";
import { bodyParams, lowerLengths, namedTypes, runLoop, type Loop, type LoopResults } from "./scan-loop.js";
import { enterLanes, leaveLanes, stepBackTruncated, truncationOf, type Truncation } from "./scan-truncate.js";
import { slice } from "./slice.js";

/** What a forward run leaves for the way back. */
interface Recording extends LoopResults {
  /** Stacks of the values that the split asked to be saved. */
  readonly saved: readonly Value[];
}

function record(scope: RegionScope, { loop, split }: Adjoint): Recording {
  const { finals, ys } = runLoop(scope, { ...loop, body: split.forward });
  const ownYs = loop.body.outputs.length - loop.carries.length;
  return { finals, ys: ys.slice(0, ownYs), saved: ys.slice(ownYs) };
}

/** The carries that went into each step, from their stack after each step. */
function shiftByOne({ emit }: RegionScope, initial: Value, stack: Value, { length, reverse }: Loop): Value {
  const { dims } = initial.type;
  const first = emit(reshape, [initial], { dims: [1, ...dims] });
  const rest = emit(slice, [stack], {
    start: [reverse ? 1 : 0, ...dims.map(() => 0)],
    limit: [reverse ? length : subtractDims(length, 1), ...dims],
    step: stack.type.dims.map(() => 1),
  });
  return emit(concat, reverse ? [rest, first] : [first, rest], { axis: 0 });
}

/** Where the backward body finds a residual: the same in every step, in a stack, or the step index itself. */
type Source =
  | { readonly kind: "const"; readonly value: Value }
  | { readonly kind: "stack"; readonly value: Value }
  | { readonly kind: "index" };

function residualSources(scope: RegionScope, { loop, split }: Adjoint, recording: Recording): readonly Source[] {
  const constCount = loop.consts.length;
  const carryCount = loop.carries.length;
  const stackOf = stackedCarries(loop.body, carryCount);
  return split.needed.map((residual): Source => {
    const { kind, index } = residual;
    if (kind === "saved") return { kind: "stack", value: recording.saved[index] };
    if (kind === "before") {
      const initial = loop.carries[residual.param - constCount];
      return { kind: "stack", value: shiftByOne(scope, initial, recording.saved[index], loop) };
    }
    if (kind === "output") return { kind: "stack", value: recording.ys[index - carryCount] };
    if (index < constCount) return { kind: "const", value: loop.consts[index] };
    const carry = index - constCount;
    if (carry < carryCount)
      return { kind: "stack", value: shiftByOne(scope, loop.carries[carry], recording.ys[stackOf[carry]], loop) };
    const x = carry - carryCount;
    return x < loop.xs.length ? { kind: "stack", value: loop.xs[x] } : { kind: "index" };
  });
}

/**
 * The backward scan. `ys`: stacked cotangents of the live ys, undefined where none arrived.
 * `first`: index of the loop's first step in the whole, when the loop is a chunk of it.
 */
function runBackward(
  scope: RegionScope,
  adjoint: Adjoint,
  recording: Recording,
  flow: Flow,
  ys: readonly (Value | undefined)[],
  truncation: Truncation | undefined,
  first: Value | undefined,
): StepCotangents {
  const { loop } = adjoint;
  const sources = residualSources(scope, adjoint, recording);
  const valuesOf = (kind: "const" | "stack"): readonly Value[] =>
    sources.flatMap((source) => (source.kind === kind ? [source.value] : []));
  const consts = [...valuesOf("const"), ...(first === undefined ? [] : [first])];
  const stacks = valuesOf("stack");
  const arrived = ys.filter((y) => y !== undefined);
  const carries = [...flow.carries, ...flow.consts];
  const body = scope.region(
    `${loop.body.name}.backward`,
    [
      ...namedTypes(
        "const",
        consts.map((value) => value.type),
      ),
      ...namedTypes(
        "cotangent",
        flow.carries.map((value) => value.type),
      ),
      ...namedTypes(
        "sum",
        flow.consts.map((value) => value.type),
      ),
      ...namedTypes("residual", rowTypes(stacks)),
      ...namedTypes("asked", rowTypes(arrived)),
      { name: "t", type: i32() },
    ],
    (inner, args) => {
      let nextConst = 0;
      let nextStack = consts.length + carries.length;
      const t = args[args.length - 1];
      const residuals = sources.map((source) =>
        source.kind === "const" ? args[nextConst++] : source.kind === "stack" ? args[nextStack++] : t,
      );
      const asked = ys.map((y) => (y === undefined ? undefined : args[nextStack++]));
      const state: Flow = {
        carries: args.slice(consts.length, consts.length + flow.carries.length),
        consts: args.slice(consts.length + flow.carries.length, consts.length + carries.length),
      };
      const step =
        truncation === undefined
          ? stepBack(inner, adjoint, residuals, state, asked)
          : stepBackTruncated(
              inner,
              adjoint,
              truncation,
              first === undefined ? t : inner.emit(add, [args[consts.length - 1], t]),
              residuals,
              state,
              asked,
            );
      return [...step.carries, ...step.consts, ...step.xs];
    },
  );
  const { finals, ys: xs } = runLoop(scope, {
    ...loop,
    body,
    consts,
    carries,
    xs: [...stacks, ...arrived],
    reverse: !loop.reverse,
  });
  return { carries: finals.slice(0, flow.carries.length), consts: finals.slice(flow.carries.length), xs };
}

/** A forward run and the way back through it. */
interface Tape extends LoopResults {
  back(flow: Flow, ys: readonly (Value | undefined)[], truncation: Truncation | undefined): StepCotangents;
}

function recordAll(rule: RegionVjpRule<ScanAttrs>, loop: Loop, activity: Activity): Tape {
  const adjoint = adjointOf(rule, loop, activity);
  const recording = record(rule.scope, adjoint);
  return {
    ...recording,
    back: (flow, ys, truncation) => runBackward(rule.scope, adjoint, recording, flow, ys, truncation, undefined),
  };
}

function recordChunks(rule: RegionVjpRule<ScanAttrs>, loop: Loop, activity: Activity, chunks: Chunks): Tape {
  const { scope } = rule;
  const { scan, consts, reverse } = loop;
  const params = bodyParams(loop);
  const body = chunkBody(scope, loop, chunks);
  const xs = loop.xs.map((x) => cutIntoChunks(scope, x, chunks));
  const forward = runChunks(scope, loop, chunks, body, xs);
  const { starts } = forward;
  const named = (prefix: string, values: readonly Value[]) =>
    namedTypes(
      prefix,
      values.map((value) => value.type),
    );

  return {
    ...forward,
    back(flow, ys, truncation) {
      const cut = ys.map((y) => (y === undefined ? undefined : cutCotangents(scope, y, chunks)));
      const arrived = cut.filter((y) => y !== undefined);
      const stacks = [...starts, ...xs, ...arrived];
      const sums = [...flow.carries, ...flow.consts];
      const backward = scope.region(
        `${loop.body.name}.chunk.backward`,
        [
          ...params.consts,
          ...named("cotangent", flow.carries),
          ...named("sum", flow.consts),
          ...namedTypes("given", rowTypes(stacks)),
          { name: "chunk", type: i32() },
        ],
        (inner, args) => {
          const firstStack = consts.length + sums.length;
          const firstX = firstStack + starts.length;
          let next = firstX + xs.length;
          const inChunk = chunkLoop(
            inner,
            loop,
            body,
            chunks,
            args[args.length - 1],
            args.slice(0, consts.length),
            args.slice(firstStack, firstX),
            args.slice(firstX, next),
          );
          const adjoint = adjointOf(rule, inChunk, { ...activity, consts: [...activity.consts, false] });
          const step = runBackward(
            inner,
            adjoint,
            record(inner, adjoint),
            {
              carries: args.slice(consts.length, consts.length + flow.carries.length),
              consts: args.slice(consts.length + flow.carries.length, firstStack),
            },
            ys.map((y) => (y === undefined ? undefined : args[next++])),
            truncation,
            inChunk.consts[consts.length],
          );
          return [...step.carries, ...step.consts, ...step.xs];
        },
      );
      const result = runLoop(scope, {
        scan,
        body: backward,
        consts,
        carries: sums,
        xs: stacks,
        length: chunks.count,
        reverse: !reverse,
        checkpoint: 1,
      });
      return {
        carries: result.finals.slice(0, flow.carries.length),
        consts: result.finals.slice(flow.carries.length),
        xs: result.ys.map((stack) => joinChunks(scope, stack, chunks)),
      };
    },
  };
}

export function scanVjp(rule: RegionVjpRule<ScanAttrs>): RegionDerivative {
  const { scope, attrs } = rule;
  const loop = lowerLengths(scope, rule.op, rule.inputs, rule.regions[0], attrs);
  const activity = findActivity(rule, loop);
  // Only which steps count depends on what is asked for, and its derivative is zero.
  if (![...activity.consts, ...activity.carries, ...activity.xs].includes(true))
    return {
      results: scope.emitRegion(rule.op, rule.inputs, attrs, rule.regions),
      pull: () => rule.inputs.map(() => null),
    };
  const tape =
    attrs.checkpoint === 0 || (attrs.checkpoint !== 1 && isAtLeast(attrs.checkpoint, loop.length))
      ? recordAll(rule, loop, activity)
      : recordChunks(rule, loop, activity, chunksOf(loop.length, attrs.checkpoint));
  const truncation = attrs.truncate.length === 0 ? undefined : truncationOf(attrs.truncate, loop.length, loop.reverse);
  return {
    results: [...tape.finals.slice(0, attrs.carries), ...tape.ys],
    pull(cotangents) {
      const zero = (like: Value): Value => filled(scope.emit, like.type, 0);
      const finals = pick(
        loop.carries.map((carry, i) => (i < attrs.carries ? cotangents[i] : undefined) ?? zero(carry)),
        activity.carries,
      );
      const flow: Flow = {
        carries: truncation === undefined ? finals : enterLanes(scope, finals, truncation),
        consts: pick(loop.consts, activity.consts).map(zero),
      };
      const result = tape.back(flow, pick(cotangents.slice(attrs.carries), activity.ys), truncation);
      const carries = truncation === undefined ? result.carries : leaveLanes(scope, result.carries, truncation);
      const place = (values: readonly Value[], marks: readonly boolean[]): readonly Cotangent[] => {
        let next = 0;
        return marks.map((mark) => (mark ? values[next++] : null));
      };
      return [
        ...place(result.consts, activity.consts).slice(0, attrs.consts),
        ...place(carries, activity.carries).slice(0, attrs.carries),
        ...place(result.xs, activity.xs),
        ...(attrs.lengths === "none" ? [] : [null]),
      ];
    },
  };
}
