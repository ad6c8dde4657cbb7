/**
 * Sinking: a sum that a loop accumulates and nobody reads inside leaves the
 * loop, as one contraction or reduction over the stacked steps. Above all the gradients of
 * weights: T products of [input, B] by [B, units] become one of [input, T·B].
 */
import { opOf, type BuilderScope } from "../graph/builder.js";
import { valueNames, valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { countReads, makersOf, type Makers } from "../ir/uses.js";
import { add } from "../ops/arithmetic.js";
import type { Op, RegionOp, Value } from "../ops/op.js";
import type { Dim } from "../shape/dim.js";
import type { TensorType } from "../shape/tensor-type.js";
import { typicalBytes } from "../shape/typical-bytes.js";
import { rewriteLoops, type LoopNode, type LoopParts, type RewriteLoop } from "./loops.js";
import { bringOut, givenOutside, variationsOf, type Brought, type Outside } from "./outside.js";
import type { Pass } from "./pass.js";

/** Where sums are made. */
interface Around {
  readonly g: BuilderScope;
  readonly loop: LoopNode;
  /** What such sums take along that is the same in every step. */
  readonly outside: Outside;
  stackOf(id: ValueId): Value;
}

/** How a sum over steps is made outside: `stacks` are body values whose stacks it needs. */
interface SumPlan {
  readonly stacks: readonly ValueId[];
  build(around: Around): Value;
}

interface Accumulation {
  /** Number of the carry. */
  readonly carry: number;
  /** The node that adds to it. */
  readonly sum: Node;
  readonly plan: SumPlan;
}

interface BodyFacts {
  readonly madeBy: Makers;
  readonly readers: Uint32Array;
  readonly firstCarry: number;
  readonly firstRow: number;
  /** How many steps there are. */
  readonly count: Dim;
  readonly types: readonly TensorType[];
  /** Rows, and values that are stacked whatever becomes of sums. */
  readonly stacked: ReadonlySet<ValueId>;
  /** Whether a value is the same in every step. */
  isFixed(id: ValueId): boolean;
}

function factsOf(loop: LoopParts): BodyFacts {
  const { body, params, count } = loop;
  const variations = variationsOf(loop, new Map());
  const firstRow = params.consts.length + params.carries.length;
  return {
    count,
    types: valueTypes(body),
    stacked: new Set([
      ...params.rows.map((_, i) => firstRow + i),
      ...body.outputs.slice(params.carries.length).map(({ value }) => value),
    ]),
    madeBy: makersOf(body),
    readers: countReads(body),
    firstCarry: params.consts.length,
    firstRow,
    isFixed: (id) => variations[id] === "fixed",
  };
}

/** From as many bytes on, a stack that is made to be summed does not stay in the nearest caches until it is. */
const LARGE_STACK = 1 << 20;
/** How many elements become one at least where a sum of each step pays. */
const LEAST_SUMMED = 8;

/** Whether a reduction would need a large stack that nobody else does: then each step adds up what it has just made. Decision 0075. */
function isSummedBetterInside(
  { stacked, count, types }: BodyFacts,
  { inputs: [operand, ...others], types: [result] }: Node,
): boolean {
  if (others.length > 0 || stacked.has(operand)) return false;
  const { dtype, dims } = types[operand];
  const all = typicalBytes({ dtype, dims: [count, ...dims] });
  return all >= LARGE_STACK && typicalBytes(types[operand]) >= LEAST_SUMMED * typicalBytes(result);
}

/** A plan for the sum of a body value over all steps, or undefined where adding step by step is best. */
function planSum(facts: BodyFacts, value: ValueId): SumPlan | undefined {
  const node = facts.madeBy[value];
  const op = node === undefined ? undefined : opOf(node);
  if (node === undefined || op?.kind !== "op") return undefined;
  const isFixed = node.inputs.map(facts.isFixed);
  if (op.summed !== undefined && !isFixed.includes(true)) {
    if (isSummedBetterInside(facts, node)) return undefined;
    return {
      stacks: node.inputs,
      build: ({ g, loop, stackOf }) => sumOf(g, op, node, node.inputs.map(stackOf), loop),
    };
  }
  // The sum of what is linear in all that differs from step to step is that of the sums.
  if (!op.traits.linear?.some((group) => isFixed.every((held, i) => held !== group.includes(i)))) return undefined;
  const plans = node.inputs.map((id, i) => (isFixed[i] ? undefined : planSum(facts, id)));
  if (plans.some((plan, i) => plan === undefined && !isFixed[i])) return undefined;
  return {
    stacks: plans.flatMap((plan) => plan?.stacks ?? []),
    build: (around) => {
      const { g, loop, outside } = around;
      bringOut(
        g,
        loop,
        outside,
        node.inputs.filter((_, i) => isFixed[i]),
      );
      const sums = plans.map((plan, i) => plan?.build(around) ?? (outside.get(node.inputs[i]) as Brought).value);
      return g.node({ op, inputs: sums, attrs: node.attrs })[0];
    },
  };
}

function sumOf(g: BuilderScope, op: Op, node: Node, inputs: readonly Value[], { count }: LoopNode): Value {
  const sum = op.summed?.({ inputs, attrs: node.attrs, length: count, emit: g.emit });
  return sum ?? inputs[0];
}

function findAccumulations({ body, params }: LoopParts, facts: BodyFacts): readonly Accumulation[] {
  return params.carries.flatMap((_, carry): readonly Accumulation[] => {
    const param = facts.firstCarry + carry;
    const next = body.outputs[carry].value;
    const sum = facts.madeBy[next];
    if (sum === undefined || opOf(sum) !== (add as unknown) || !sum.inputs.includes(param)) return [];
    if (facts.readers[param] !== 1 || facts.readers[next] !== 1) return [];
    const [added] = sum.inputs.filter((id) => id !== param);
    const plan = planSum(facts, added);
    return plan === undefined ? [] : [{ carry, sum, plan }];
  });
}

function planSink(parts: LoopParts): RewriteLoop | undefined {
  const { op, node } = parts;
  // Steps that some examples skip must not count in a sum over all steps.
  if (op.skipsSteps?.(node.attrs) !== false || op.reshaped === undefined || parts.apart) return undefined;
  const { reshaped } = op;
  const facts = factsOf(parts);
  const found = findAccumulations(parts, facts);
  return found.length === 0 ? undefined : (g, loop) => sinkFrom(g, loop, reshaped, facts, found);
}

function sinkFrom(
  g: BuilderScope,
  loop: LoopNode,
  reshaped: NonNullable<RegionOp["reshaped"]>,
  facts: BodyFacts,
  found: readonly Accumulation[],
): readonly Value[] {
  const { op, body, params, node: loopNode } = loop;
  const sunk = new Set(found.map(({ carry }) => carry));
  const dropped = new Set(found.map(({ sum }) => sum));
  const keptCarries = params.carries.map((_, i) => i).filter((i) => !sunk.has(i));
  const ys = body.outputs.slice(params.carries.length).map((output) => output.value);
  const isRow = (id: ValueId): boolean => id >= facts.firstRow && id < body.params.length - 1;
  const needed = new Set(found.flatMap(({ plan }) => plan.stacks));
  const newYs = [...needed].filter((id) => !isRow(id) && !ys.includes(id)).sort((a, b) => a - b);

  const region = regionWithout(g, loop, facts, sunk, dropped, [
    ...keptCarries.map((i) => body.outputs[i].value),
    ...ys,
    ...newYs,
  ]);
  const results = g.node({
    op,
    inputs: [...loop.consts, ...keptCarries.map((i) => loop.carries[i]), ...loop.stacks, ...loop.others],
    attrs: reshaped(loopNode.attrs, loop.consts.length, keptCarries.length),
    regions: [region],
  });
  const stacks = results.slice(keptCarries.length);
  const stackOf = (id: ValueId): Value =>
    isRow(id) ? loop.stacks[id - facts.firstRow] : stacks[[...ys, ...newYs].indexOf(id)];
  const around: Around = { g, loop, outside: givenOutside(loop), stackOf };
  const finals = params.carries.map((_, i): Value => {
    const accumulation = found.find(({ carry }) => carry === i);
    if (accumulation === undefined) return results[keptCarries.indexOf(i)];
    const { sum, plan } = accumulation;
    return g.at(sum.origin, () => g.emit(add, [loop.carries[i], plan.build(around)]));
  });
  return [...finals, ...stacks.slice(0, ys.length)];
}

/** The body without some carries and the nodes that add to them. */
function regionWithout(
  g: BuilderScope,
  { body }: LoopNode,
  { firstCarry }: BodyFacts,
  sunk: ReadonlySet<number>,
  dropped: ReadonlySet<Node>,
  outputs: readonly ValueId[],
): Graph {
  const types = valueTypes(body);
  const names = valueNames(body);
  const order = body.params.map((_, id) => id).filter((id) => !sunk.has(id - firstCarry));
  return g.region(
    body.name,
    order.map((id) => ({ name: names[id], type: types[id] })),
    (inner, args) => {
      const inside = new Map(order.map((id, i) => [id, args[i]]));
      const valueOf = (id: ValueId): Value => inside.get(id) as Value;
      for (const node of body.nodes)
        if (!dropped.has(node))
          inner.copy(node, node.inputs.map(valueOf)).forEach((value, k) => inside.set(node.id + k, value));
      return outputs.map(valueOf);
    },
  );
}

/** Turns sums that loops only accumulate into one contraction or reduction over all steps. */
export const sink: Pass = {
  name: "sink",
  summary: "Turns sums that loops only accumulate into one contraction or reduction over all steps.",
  run: (graph) => rewriteLoops(graph, planSink),
};
