/**
 * Carries that enter linearly and element by element: h' = factor · h + rest, where neither depends on a carry. Found in
 * one sweep over the body, from what ops say they are linear in; for each round of carries, as those found before
 * count as rows from then on.
 */
import { opOf } from "../graph/builder.js";
import { valueTypes, type Node, type ValueId } from "../ir/graph.js";
import type { Op } from "../ops/op.js";
import { isFloat, sameType, type TensorType } from "../shape/tensor-type.js";
import { typicalBytes } from "../shape/typical-bytes.js";
import type { LoopNode } from "./loops.js";
import { variationsOf, type Variation } from "./outside.js";

/** A factor or a rest, as an expression over values of the body; its number in the list of parts, in which operands come first. */
export type PartId = number;

export type Part =
  | { readonly kind: "number"; readonly type: TensorType; readonly value: number }
  /** A value of the body that depends on no carry. */
  | { readonly kind: "value"; readonly id: ValueId }
  /** The op of a node of the body, of other operands. */
  | { readonly kind: "node"; readonly node: Node; readonly op: Op; readonly args: readonly PartId[] };

interface Form {
  /** Number of the carry. */
  readonly carry: number;
  readonly factor: PartId;
  readonly rest: PartId;
}

/** What becomes of a carry. */
export type LinearCarry =
  /** The same in all steps. */
  | { readonly kind: "fixed"; readonly carry: number }
  /** What a step makes without looking at any carry. */
  | { readonly kind: "fresh"; readonly carry: number; readonly next: ValueId }
  /** A sum of what all steps make, which nobody reads before the end. */
  | { readonly kind: "sum"; readonly carry: number; readonly rest: PartId }
  | { readonly kind: "recurrence"; readonly carry: number; readonly factor: PartId; readonly rest: PartId };

export interface LinearCarries {
  readonly parts: readonly Part[];
  /** Each may read the states of those before. */
  readonly rounds: readonly (readonly LinearCarry[])[];
  /** How values vary when the states of all these carries are rows. */
  readonly variations: readonly Variation[];
}

/** The group of operands in which the node is linear and that has all operands with a form, or undefined. */
function groupFor(op: Op, formed: readonly boolean[]): readonly number[] | undefined {
  if (op.traits.elementwise !== true) return undefined;
  return op.traits.linear?.find((group) => formed.every((has, i) => !has || group.includes(i)));
}

/** By value: how it depends on one carry, where it does so linearly and element by element, and on no other. */
function formsOf(
  { body, params }: LoopNode,
  variations: readonly Variation[],
  parts: Part[],
): ReadonlyMap<ValueId, Form> {
  const types = valueTypes(body);
  const forms = new Map<ValueId, Form>();
  const add = (part: Part): PartId => parts.push(part) - 1;
  const number = (type: TensorType, value: number): PartId => add({ kind: "number", type, value });
  params.carries.forEach(({ type }, carry) => {
    const id = params.consts.length + carry;
    if (variations[id] === "by carry" && isFloat(type.dtype))
      forms.set(id, { carry, factor: number(type, 1), rest: number(type, 0) });
  });
  /** The op of the parts of the operands in `group`, the others as they are. By linearity 0 where all those are. */
  const apply = (node: Node, op: Op, group: readonly number[], partOf: (id: ValueId) => PartId): PartId => {
    const args = node.inputs.map((id, i) => (group.includes(i) ? partOf(id) : add({ kind: "value", id })));
    const known = args.map((arg) => parts[arg]);
    const [type] = node.types;
    if (group.every((i) => known[i].kind === "number" && known[i].value === 0)) return number(type, 0);
    const numbers = known.flatMap((part) => (part.kind === "number" ? [part.value] : []));
    if (numbers.length < args.length) return add({ kind: "node", node, op, args });
    const scalars = numbers.map((value, i) => ({
      type: { dtype: types[node.inputs[i]].dtype, dims: [] },
      data: Float64Array.of(value),
    }));
    return number(type, op.evaluate(scalars, node.attrs, { dtype: type.dtype, dims: [] })[0]);
  };
  for (const node of body.nodes) {
    const op = opOf(node);
    if (op.kind !== "op" || variations[node.id] !== "by carry") continue;
    const formed = node.inputs.map((id) => forms.has(id));
    const group = groupFor(op, formed);
    const isKnown = node.inputs.every((id, i) => formed[i] || variations[id] !== "by carry");
    const [form, ...others] = node.inputs.flatMap((id) => forms.get(id) ?? []);
    // The node may depend on a carry only because it cannot be stacked: then no operand has a form.
    if (form === undefined || group === undefined || !isKnown) continue;
    if (others.some(({ carry }) => carry !== form.carry)) continue;
    if (!sameType(node.types[0], params.carries[form.carry].type)) continue;
    const [type] = node.types;
    forms.set(node.id, {
      carry: form.carry,
      factor: apply(node, op, group, (id) => forms.get(id)?.factor ?? number(type, 0)),
      rest: apply(node, op, group, (id) => forms.get(id)?.rest ?? add({ kind: "value", id })),
    });
  }
  return forms;
}

/** Values that something reads other than the computation of the one next carry that they lead to. */
function isSeen(loop: LoopNode, carry: number): boolean {
  const { body, params } = loop;
  const from = new Set([params.consts.length + carry]);
  const next = body.outputs[carry].value;
  const leads = new Set<ValueId>([next]);
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    const node = body.nodes[i];
    if (node.types.some((_, k) => leads.has(node.id + k))) for (const id of node.inputs) leads.add(id);
  }
  for (const node of body.nodes) {
    if (!node.inputs.some((id) => from.has(id))) continue;
    if (!leads.has(node.id)) return true;
    node.types.forEach((_, k) => from.add(node.id + k));
  }
  return body.outputs.some(({ value }, k) => k !== carry && from.has(value));
}

/** How much larger than all rows of a step a state may be: beyond that, its stack costs more than the loop (decision 0036). */
const MOST_STATE = 8;

/** Whether stacks of the state's size are in proportion to those that the loop reads anyway. */
function isWorthStacking({ params }: LoopNode, carry: number): boolean {
  const rows = params.rows.reduce((sum, row) => sum + typicalBytes(row.type), 0);
  return typicalBytes(params.carries[carry].type) <= MOST_STATE * rows;
}

/** Whether a stack of the carry is no larger than what the loop reads anyway. */
const isSmall = ({ params }: LoopNode, carry: number): boolean =>
  typicalBytes(params.carries[carry].type) <= Math.max(0, ...params.rows.map((row) => typicalBytes(row.type)));

/** The carries of a loop that are linear, in the order in which their states can be computed; undefined when none is. */
export function findLinearCarries(loop: LoopNode): LinearCarries | undefined {
  const { body, params } = loop;
  const parts: Part[] = [];
  const rounds: (readonly LinearCarry[])[] = [];
  const known = new Map<ValueId, Variation>([[body.params.length - 1, "by row"]]);
  const left = new Set(params.carries.keys());
  for (;;) {
    const variations = variationsOf(loop, known);
    const forms = formsOf(loop, variations, parts);
    const isSum = (carry: number): boolean => {
      const form = forms.get(body.outputs[carry].value);
      const part = form?.carry === carry ? parts[form.factor] : undefined;
      return part?.kind === "number" && part.value === 1 && !isSeen(loop, carry);
    };
    const carries = [...left].flatMap((carry): readonly LinearCarry[] => {
      const param = params.consts.length + carry;
      const next = body.outputs[carry].value;
      if (next === param) return [{ kind: "fixed", carry }];
      if (variations[next] !== "by carry") return [{ kind: "fresh", carry, next }];
      const form = forms.get(next);
      if (form?.carry !== carry || !isWorthStacking(loop, carry)) return [];
      // A sum that nobody reads inside is no state, and its stack may be much larger than what it is made of.
      return isSum(carry) ? [] : [{ kind: "recurrence", carry, factor: form.factor, rest: form.rest }];
    });
    if (carries.length === 0) {
      // When nothing but small sums keeps a loop alive, it is not worth having.
      const sums = [...left].filter((carry) => isSum(carry) && isSmall(loop, carry));
      if (sums.length === left.size && sums.length > 0)
        rounds.push(
          sums.map((carry) => ({ kind: "sum", carry, rest: (forms.get(body.outputs[carry].value) as Form).rest })),
        );
      return rounds.length === 0 ? undefined : { parts, rounds, variations };
    }
    rounds.push(carries);
    for (const { kind, carry } of carries) {
      const param = params.consts.length + carry;
      left.delete(carry);
      known.set(param, kind === "fixed" ? "fixed" : "by row");
      if (kind === "recurrence") known.set(body.outputs[carry].value, "by row");
    }
  }
}
