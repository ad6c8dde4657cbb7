/**
 * Linearizing: a carry that enters linearly and element by element, h' = a·h + b with a and b of the rows alone, needs
 * no loop over the body. Its states in all steps are one linearRecurrence over stacked a and b, and what reads them reads
 * rows; carries that enter each other so are one coupledRecurrence. A loop that has no carry left is none: its body
 * runs once for all steps.
 */
import type { BuilderScope } from "../graph/builder.js";
import { add } from "../ops/arithmetic.js";
import { concat } from "../ops/concat.js";
import { emitRecurrence } from "../ops/linear-recurrence.js";
import type { Value } from "../ops/op.js";
import { reduceSum } from "../ops/reduce.js";
import { reshape } from "../ops/reshape.js";
import { filled } from "../ops/rules.js";
import { slice } from "../ops/slice.js";
import { subtractDims, type Dim } from "../shape/dim.js";
import { findLinearCarries, type LinearCarries, type LinearCarry, type Part, type PartId } from "./linear-carries.js";
import { rewriteLoops, type LoopNode, type LoopParts, type RewriteLoop } from "./loops.js";
import type { Pass } from "./pass.js";
import { bringNode, bringOut, forAll, givenOutside, resultsBeside, type Brought, type Outside } from "./outside.js";

/** Elements from..to along the steps. */
const stepsOf = (g: BuilderScope, stack: Value, from: Dim, to: Dim): Value => {
  const { dims } = stack.type;
  return g.emit(slice, [stack], {
    start: [from, ...dims.slice(1).map(() => 0)],
    limit: [to, ...dims.slice(1)],
    step: dims.map(() => 1),
  });
};

function lastOf(g: BuilderScope, stack: Value, reverse: boolean): Value {
  const [count, ...dims] = stack.type.dims;
  const last = reverse ? stepsOf(g, stack, 0, 1) : stepsOf(g, stack, subtractDims(count, 1), count);
  return g.emit(reshape, [last], { dims });
}

/** What went into each step, from what came out of each and what went into the first. */
function beforeEach(g: BuilderScope, initial: Value, stack: Value, reverse: boolean): Value {
  const [count, ...dims] = stack.type.dims;
  const first = g.emit(reshape, [initial], { dims: [1, ...dims] });
  const rest = reverse ? stepsOf(g, stack, 1, count) : stepsOf(g, stack, 0, subtractDims(count, 1));
  return g.emit(concat, reverse ? [rest, first] : [first, rest], { axis: 0 });
}

/** Parts as values in front of the loop. */
function buildParts(
  g: BuilderScope,
  loop: LoopNode,
  outside: Outside,
  { parts }: LinearCarries,
  wanted: readonly PartId[],
): ReadonlyMap<PartId, Brought> {
  const needed = new Set(wanted);
  for (let id = Math.max(-1, ...wanted); id >= 0; id--) {
    const part = parts[id];
    if (needed.has(id) && part.kind === "node") for (const arg of part.args) needed.add(arg);
  }
  const order = [...needed].sort((a, b) => a - b);
  bringOut(
    g,
    loop,
    outside,
    order.flatMap((id) => {
      const part = parts[id];
      return part.kind === "value" ? [part.id] : [];
    }),
  );
  const built = new Map<PartId, Brought>();
  const partOf = (part: Part): Brought => {
    if (part.kind === "number") return { value: filled(g.emit, part.type, part.value), isStacked: false };
    if (part.kind === "value") return outside.get(part.id) as Brought;
    return bringNode(
      g,
      loop,
      part.node,
      part.op,
      part.args.flatMap((arg) => built.get(arg) ?? []),
    );
  };
  for (const id of order) built.set(id, partOf(parts[id]));
  return built;
}

/** Brings the states of a round's carries out: what went into each step and what came out of it. Gives the final states. */
function bringOutStates(
  g: BuilderScope,
  loop: LoopNode,
  outside: Outside,
  linear: LinearCarries,
  round: readonly LinearCarry[],
): ReadonlyMap<number, Value> {
  const { body, params, reverse } = loop;
  const parts = buildParts(
    g,
    loop,
    outside,
    linear,
    round.flatMap((each) => {
      if (each.kind === "recurrence") return [...each.factors.flat(), ...each.rests];
      return each.kind === "sum" ? [each.rest] : [];
    }),
  );
  bringOut(
    g,
    loop,
    outside,
    round.flatMap((each) => (each.kind === "fresh" ? [each.next] : [])),
  );
  const whole = (id: PartId): Value => forAll(g, parts.get(id) as Brought, loop);
  const originOf = (carry: number) => body.nodes.find(({ id }) => id === body.outputs[carry].value)?.origin;
  const finals = new Map<number, Value>();
  const bringState = (carry: number, states: Value): void => {
    const before = { value: beforeEach(g, loop.carries[carry], states, reverse), isStacked: true };
    outside.set(params.consts.length + carry, before);
    finals.set(carry, lastOf(g, states, reverse));
  };
  for (const each of round)
    switch (each.kind) {
      case "fixed":
        outside.set(params.consts.length + each.carry, { value: loop.carries[each.carry], isStacked: false });
        finals.set(each.carry, loop.carries[each.carry]);
        break;
      case "sum": {
        const sum = g.emit(reduceSum, [whole(each.rest)], { axes: [0] });
        finals.set(each.carry, g.emit(add, [loop.carries[each.carry], sum]));
        break;
      }
      case "fresh":
        g.at(originOf(each.carry), () => {
          bringState(each.carry, forAll(g, outside.get(each.next) as Brought, loop));
        });
        break;
      case "recurrence": {
        const { carries } = each;
        g.at(originOf(carries[0]), () => {
          const states = emitRecurrence(
            g.emit,
            {
              a: each.factors.map((row) => row.map(whole)),
              b: each.rests.map(whole),
              h0: carries.map((carry) => loop.carries[carry]),
            },
            { axis: 0, reverse },
          );
          carries.forEach((carry, i) => {
            outside.set(body.outputs[carry].value, { value: states[i], isStacked: true });
          });
          carries.forEach((carry, i) => {
            bringState(carry, states[i]);
          });
        });
        break;
      }
      default:
        each satisfies never;
    }
  return finals;
}

function planLinearize(parts: LoopParts): RewriteLoop | undefined {
  const { op, node } = parts;
  const { reshaped } = op;
  // Steps that some examples skip are not the steps of a recurrence.
  if (op.skipsSteps?.(node.attrs) !== false || reshaped === undefined || parts.apart) return undefined;
  const linear = findLinearCarries(parts);
  if (linear === undefined) return undefined;
  return (g, loop) => {
    const outside = givenOutside(loop);
    const finals = new Map(linear.rounds.flatMap((round) => [...bringOutStates(g, loop, outside, linear, round)]));
    return resultsBeside(g, loop, reshaped, outside, finals);
  };
}

/** Computes the states of linear carries for all steps at once, as recurrences without a body. */
export const linearize: Pass = {
  name: "linearize",
  summary: "Computes the states of carries that enter linearly, element by element, as recurrences outside loops.",
  run: (graph) => rewriteLoops(graph, planLinearize),
};
