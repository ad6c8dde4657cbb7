/** Applies the tables of rewrite rules. */
import type { Attrs } from "../ir/attrs.js";
import type { ValueId } from "../ir/graph.js";
import { opNamed } from "../ops/index.js";
import type { AnyOp, Arity, Inputs, Op } from "../ops/op.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import { arithmeticRules } from "./arithmetic-rules.js";
import { splatOf } from "./constants.js";
import type { Pass } from "./pass.js";
import type { Rule, Use } from "./rule.js";
import { shapeRules } from "./shape-rules.js";

/** Every rule of simplify. The first that applies is taken. */
export const simplifyRules: readonly Rule[] = [...arithmeticRules, ...shapeRules];

const rulesByOp: ReadonlyMap<AnyOp, readonly Rule[]> = new Map(
  simplifyRules.map(({ op }) => [op, simplifyRules.filter((rule) => rule.op === op)]),
);

/** What rules see of any node of the graph under construction. */
type Surroundings = Pick<Use, "typeOf" | "splatOf" | "useOf" | "emit">;

/** What rules emit is simplified in turn. */
function surroundingsIn(draft: Draft): Surroundings {
  const around: Surroundings = {
    typeOf: draft.typeOf,
    splatOf: (id) => splatOf(draft, id),
    useOf<M extends Arity, B extends Attrs>(wanted: Op<M, B>, id: ValueId) {
      const node = draft.producerOf(id);
      if (node === undefined || opNamed(node.op) !== (wanted as unknown as AnyOp)) return undefined;
      return { inputs: node.inputs as Inputs<M, ValueId>, attrs: node.attrs as B };
    },
    emit(made, operands, attrs) {
      const result = draft.emit(made, operands, attrs);
      return simplified(around, made, operands, attrs, draft.typeOf(result)) ?? result;
    },
  };
  return around;
}

function simplified(
  around: Surroundings,
  op: AnyOp,
  inputs: readonly ValueId[],
  attrs: Attrs,
  type: Use["type"],
): ValueId | undefined {
  const rules = rulesByOp.get(op);
  if (rules === undefined || op.kind !== "op") return undefined;
  const use: Use = { inputs, attrs, type, ...around };
  for (const rule of rules) {
    const result = rule.rewrite(use);
    if (result !== undefined) return result;
  }
  return undefined;
}

function applyRules(): Visitor {
  let around: Surroundings | undefined;
  return (node, inputs, draft) => {
    around ??= surroundingsIn(draft);
    const result = simplified(around, opNamed(node.op), inputs, node.attrs, node.types[0]);
    return result === undefined ? "keep" : [result];
  };
}

/**
 * Rewrites each node by the first rule that applies. One sweep suffices, because the inputs of a node are simplified
 * before it. stopGradient stays: it may only go once nothing is differentiated any more.
 */
export const simplify: Pass = {
  name: "simplify",
  summary: "Applies rules such as x + 0 = x and transpose(transpose(x)) = transpose(x).",
  run: (graph) => rebuild(graph, applyRules),
};
