/**
 * What multiplies a state from step to step: where the next value of a carry is factor * carry + rest, element by element, the
 * factor says how much of the state is kept. It may depend on anything, as a forget gate does, also on the state itself by other
 * ways; those ways are part of the rest.
 */
import { valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import type { Op, Value } from "../ops/op.js";
import { filled } from "../ops/rules.js";
import { isFloat, sameType } from "../shape/tensor-type.js";
import { evaluateScalars } from "./bounds.js";
import { buildGraph, opOf, type BuilderScope } from "./builder.js";

/** A number for all elements, or a value of the copy. */
type Factor = number | Value;

export interface KeepFactor {
  /** Number of the carry. */
  readonly carry: number;
  /** Name in the returned body. */
  readonly name: string;
  /** Whether it is a value that the body had. */
  readonly isOwn: boolean;
}

/** A copy of a loop's body in which every factor is a value, and what they are called. `firstCarry` is the first carry's parameter. */
export function withKeepFactors(
  body: Graph,
  firstCarry: number,
  carries: number,
): { readonly body: Graph; readonly factors: readonly KeepFactor[] } {
  const b = buildGraph(body.name);
  const types = valueTypes(body);
  const values: Value[] = body.params.map(({ name, type, origin }) => b.param(name, type, origin));
  /** By value: of which carry it is a multiple plus something, and the multiple. */
  const forms = new Map<ValueId, { readonly carry: number; readonly factor: Factor }>();
  for (let carry = 0; carry < carries; carry++)
    if (isFloat(types[firstCarry + carry].dtype)) forms.set(firstCarry + carry, { carry, factor: 1 });
  const own = new Set<Value>(values);
  for (const node of body.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const results = b.copy(node, inputs);
    values.push(...results);
    for (const value of results) own.add(value);
    const op = opOf(node);
    if (op.kind !== "op" || op.traits.elementwise !== true) continue;
    const formed = node.inputs.map((id) => forms.get(id));
    const [form, ...others] = formed.flatMap((each) => each ?? []);
    const group = op.traits.linear?.find((each) => formed.every((has, i) => has === undefined || each.includes(i)));
    if (form === undefined || group === undefined || others.some(({ carry }) => carry !== form.carry)) continue;
    if (!sameType(node.types[0], types[firstCarry + form.carry])) continue;
    const operands = node.inputs.map((id, i): Factor => (group.includes(i) ? (formed[i]?.factor ?? 0) : values[id]));
    forms.set(node.id, { carry: form.carry, factor: factorOf(b, op, node, operands) });
  }
  const factors: { carry: number; value: Value }[] = [];
  for (let carry = 0; carry < carries; carry++) {
    const form = forms.get(body.outputs[carry].value);
    if (form?.carry === carry && typeof form.factor !== "number") factors.push({ carry, value: form.factor });
  }
  const named = factors.map(({ carry, value }): KeepFactor => {
    const isOwn = own.has(value);
    if (!isOwn) b.named(`keep.${body.params[firstCarry + carry].name}`, value);
    return { carry, name: b.nameOf(value), isOwn };
  });
  return {
    body: b.build(Object.fromEntries(body.outputs.map(({ name, value }) => [name, values[value]]))),
    factors: named,
  };
}

/** Numbers that tell an identity from other linear functions. */
const PROBES = [0.37, -2.5, 3];

/** The op of the factors: a number where all are, an operand where the op of it and the numbers is itself, else a node. */
function factorOf(b: BuilderScope, op: Op, node: Node, operands: readonly Factor[]): Factor {
  const values = operands.filter((each) => typeof each !== "number");
  const at = (x: number): number =>
    evaluateScalars(
      op,
      node,
      operands.map((each) => (typeof each === "number" ? each : x)),
    );
  if (values.length === 0) return at(0);
  if (values.length === 1 && values[0].type.dtype === node.types[0].dtype) {
    if (PROBES.every((x) => at(x) === x)) return values[0];
    if (PROBES.every((x) => at(x) === 0)) return 0;
  }
  const [type] = node.types;
  return b.emit(
    op,
    operands.map((each) => (typeof each === "number" ? filled(b.emit, type, each) : each)),
    node.attrs,
  );
}
