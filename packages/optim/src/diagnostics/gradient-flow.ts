/** Gradient flow: how large dL/dstate_t is, step by step back in time, and what that means. */
import { nudgeName, type LoopView, type TensorsByName } from "@latchgrad/core";
import type { GradientFlowRecord } from "./records.js";
import { recorded, squareNorm, stackOf, type Stack } from "./steps.js";
import { judge, type Situation } from "./verdict.js";

export interface FlowResults {
  /** Gradients by the names of `gradient`, of the whole loss. */
  readonly whole: TensorsByName;
  /** Of what depends on the last step of loops; absent where no loop gives more than its last step. */
  readonly fromEnd?: TensorsByName | undefined;
  readonly lengthsOf: (loop: LoopView) => TensorsByName[string] | undefined;
}

/** The name of a nudge's gradient. */
const gradientOf = (path: string): string => `grad.${nudgeName(path)}`;

/** Records of one loop, one per state that has a gradient. */
export function flowRecords(
  loop: LoopView,
  step: number,
  { whole, fromEnd, lengthsOf }: FlowResults,
  isClipped: boolean,
): readonly GradientFlowRecord[] {
  const states = loop.states.filter(({ next }) => Object.hasOwn(whole, gradientOf(next)));
  const lengths = lengthsOf(loop);
  const stacksIn = (results: TensorsByName): readonly Stack[] =>
    states.map(({ next }) => stackOf(results[gradientOf(next)], lengths));
  const stacks = stacksIn(whole);
  const ends = fromEnd === undefined || !loop.stacks ? undefined : stacksIn(fromEnd);
  const situation: Situation = { isGated: loop.states.some(({ factor }) => factor !== undefined), isClipped };
  const verdict = judge(normsByDistance(ends ?? stacks, loop.reverse), situation);
  return states.map(({ name }, i) => ({
    kind: "gradientFlow",
    step,
    layer: loop.name,
    state: name,
    reverse: loop.reverse,
    norms: normsByStep(stacks[i]).map(recorded),
    ...(ends === undefined ? {} : { fromEnd: normsByStep(ends[i]).map(recorded) }),
    verdict,
  }));
}

/** The mean over examples that have the step of the batch size times the 2-norm: a loss is a mean over the batch. */
export function normsByStep(stack: Stack): readonly number[] {
  return Array.from({ length: stack.steps }, (_, t) => {
    const having = stack.lengths.flatMap((length, b) => (t < length ? [Math.sqrt(squareNorm(stack, t, b))] : []));
    return having.length === 0 ? 0 : (stack.batch * having.reduce((sum, norm) => sum + norm, 0)) / having.length;
  });
}

/** Norms of all states together by steps before each example's own end, as far back as at least half of the examples go. */
export function normsByDistance(stacks: readonly Stack[], reverse: boolean): readonly number[] {
  const [{ lengths, batch }] = stacks;
  const longest = [...lengths].sort((a, b) => b - a)[Math.floor((batch - 1) / 2)];
  return Array.from({ length: longest }, (_, back) => {
    const having = lengths.flatMap((length, b) =>
      back < length
        ? [Math.sqrt(stacks.reduce((sum, stack) => sum + squareNorm(stack, reverse ? back : length - 1 - back, b), 0))]
        : [],
    );
    return (batch * having.reduce((sum, norm) => sum + norm, 0)) / having.length;
  });
}
