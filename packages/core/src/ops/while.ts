/**
 * while: a loop whose number of steps is known only when it ends.
 *
 *   condition: (consts..., carries...) → bool
 *   body:      (consts..., carries...) → carries'
 *   inputs:    consts..., initial carries...
 *   results:   final carries
 *
 * It has no reverse derivative, because nothing bounds what the way back would have to store; a loop with a bound
 * on its steps is a scan that selects.
 */
import { RunError } from "../errors/errors.js";
import { anInteger } from "../ir/attrs.js";
import { outputTypes, type Graph } from "../ir/graph.js";
import { bool, sameType, type TensorType } from "../shape/tensor-type.js";
import type { Tensor } from "../shape/tensor.js";
import type { Cotangent, Dependent, RegionOp } from "./op.js";

export type WhileAttrs = {
  /** How many inputs are the same in every step. */
  readonly consts: number;
  /** More steps than this are an error, so that a loop that would never end stops. */
  readonly limit: number;
};

/** What a counter of steps can hold, with one more for the step that is too many. */
const MOST_STEPS = 2 ** 31 - 2;

const areTypes = (types: readonly TensorType[], wanted: readonly TensorType[]): boolean =>
  types.length === wanted.length && types.every((type, i) => sameType(type, wanted[i]));

/** A mark spreads from carry to carry through the body, until nothing changes; what decides about going on does not count here. */
function markedCarries(
  marked: readonly boolean[],
  body: Graph,
  consts: number,
  dependent: Dependent,
): readonly boolean[] {
  let current = marked.slice(consts);
  for (;;) {
    const outputs = dependent(body, [...marked.slice(0, consts), ...current]);
    const next = current.map((mark, i) => mark || outputs[i]);
    if (next.every((mark, i) => mark === current[i])) return next;
    current = next;
  }
}

export const whileLoop: RegionOp<WhileAttrs> = {
  kind: "region",
  name: "while",
  summary:
    "Runs a body graph as long as a condition graph says so of its carries. It has no reverse derivative; a scan has one.",
  formula: "out: carries' = body(consts, carries) while condition(consts, carries)",
  attrs: { consts: anInteger, limit: anInteger },
  constraints: [
    { label: "C1", says: "two regions, condition and body", holds: (_, regions) => regions.length === 2 },
    {
      label: "C2",
      says: "at least one carry behind the consts",
      holds: (inputs, _, { consts }) => consts >= 0 && consts < inputs.length,
    },
    {
      label: "C3",
      says: "one input for each parameter of condition and body, of its type",
      holds: (inputs, regions) =>
        regions.every(({ params }) =>
          areTypes(
            inputs,
            params.map((param) => param.type),
          ),
        ),
    },
    {
      label: "C4",
      says: "a condition that returns one bool, a scalar",
      holds: (_, [condition]) => areTypes(outputTypes(condition), [bool()]),
      hint: "to go on while any example wants to, reduce the mask: cast it to i32 and take reduceMax",
    },
    {
      label: "C5",
      says: "a body that returns each carry with the type that it came in",
      holds: (inputs, [, body], { consts }) => areTypes(outputTypes(body), inputs.slice(consts)),
    },
    {
      label: "C6",
      says: `a limit from 1 to ${MOST_STEPS} steps`,
      holds: (_, __, { limit }) => limit >= 1 && limit <= MOST_STEPS,
    },
  ],
  traits: {},
  results: (inputs, _, { consts }) => inputs.slice(consts),
  evaluate(inputs, [condition, body], { consts, limit }, run) {
    const own = inputs.slice(0, consts);
    let carries: readonly Tensor[] = inputs.slice(consts);
    for (let steps = 0; run(condition, [...own, ...carries])[0].data[0] !== 0; steps++) {
      if (steps === limit)
        throw new RunError([
          {
            code: "while.limit",
            problem: "a while loop ends within its limit of steps",
            at: { kind: "value", name: "while" },
            expected: `at most ${limit}`,
            hint: "a larger limit, if the condition becomes false at all",
          },
        ]);
      carries = run(body, [...own, ...carries]);
    }
    return carries.map((carry) => carry.data);
  },
  structure: (_, { consts, limit }) => ({ kind: "while", consts, limit }),
  dependence(marked, [condition, body], { consts }, dependent) {
    const reached = markedCarries(marked, body, consts, dependent);
    const [decides] = dependent(condition, [...marked.slice(0, consts), ...reached]);
    return reached.map((mark) => mark || decides);
  },
  vjp({ op, inputs, attrs, regions, scope, active, dependent }) {
    const results = scope.emitRegion(op, inputs, attrs, regions);
    return {
      results,
      // How many steps there are is piecewise constant, so what only decides about that has the derivative zero.
      pull: (cotangents) =>
        inputs.map((_, i): Cotangent => {
          const marked = inputs.map((__, k) => k === i);
          const reached = markedCarries(marked, regions[1], attrs.consts, dependent);
          if (!active[i] || !reached.some((mark, k) => mark && cotangents[k] !== undefined)) return null;
          return {
            noDerivative:
              "a while loop has no reverse derivative, because nothing bounds how many steps it would store",
            hint: "use scan with as many steps as there may be, and select whether a step counts; or put stopGradient around the loop's result",
          };
        }),
    };
  },
};
