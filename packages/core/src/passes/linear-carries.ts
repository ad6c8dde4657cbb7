/**
 * Carries that enter linearly and element by element: h' = factor · h + rest, where neither depends on a carry; or a few that
 * enter each other so: h_i' = Σ_j factor_ij · h_j + rest_i. Found in one sweep over the body, from what ops say they
 * are linear in; for each round of carries, as those found before count as rows from then on.
 */
import { opOf } from "../graph/builder.js";
import { valueTypes, type Node, type ValueId } from "../ir/graph.js";
import { select } from "../ops/compare.js";
import type { Op } from "../ops/op.js";
import { isFloat, sameType, type TensorType } from "../shape/tensor-type.js";
import { typicalBytes } from "../shape/typical-bytes.js";
import type { LoopParts } from "./loops.js";
import { variationsOf, type Variation } from "./outside.js";

/** A factor or a rest, as an expression over values of the body; its number in the list of parts, in which operands come first. */
export type PartId = number;

export type Part =
  | { readonly kind: "number"; readonly type: TensorType; readonly value: number }
  /** A value of the body that depends on no carry. */
  | { readonly kind: "value"; readonly id: ValueId }
  /** The op of a node of the body, of other operands. */
  | { readonly kind: "node"; readonly node: Node; readonly op: Op; readonly args: readonly PartId[] };

/** How a value depends on carries. */
interface Form {
  /** By number of the carry. */
  readonly factors: ReadonlyMap<number, PartId>;
  readonly rest: PartId;
}

/** States that enter each other, at most: n of them take n² factors in each step. */
const MOST_COUPLED = 4;

/** What becomes of a carry. */
export type LinearCarry =
  /** The same in all steps. */
  | { readonly kind: "fixed"; readonly carry: number }
  /** What a step makes without looking at any carry. */
  | { readonly kind: "fresh"; readonly carry: number; readonly next: ValueId }
  /** A sum of what all steps make, which nobody reads before the end. */
  | { readonly kind: "sum"; readonly carry: number; readonly rest: PartId }
  /** One, or several that enter each other: the next of carries[i] is the sum of factors[i][j] times carries[j], and rests[i]. */
  | {
      readonly kind: "recurrence";
      readonly carries: readonly number[];
      readonly factors: readonly (readonly PartId[])[];
      readonly rests: readonly PartId[];
    };

export const carriesOf = (linear: LinearCarry): readonly number[] =>
  linear.kind === "recurrence" ? linear.carries : [linear.carry];

export interface LinearCarries {
  readonly parts: readonly Part[];
  /** Each may read the states of those before. */
  readonly rounds: readonly (readonly LinearCarry[])[];
  /** How values vary when the states of all these carries are rows. */
  readonly variations: readonly Variation[];
}

/**
 * Whether the node replaces what a state would become by something else: a choice, of which one side is made of a state and the other is not, has the
 * factor 0 where that other is chosen, and 0 times an infinite state is NaN. So a state that begins at -inf and is replaced in the first step keeps its
 * loop. One that is held where it is not replaced does not, because padded steps are of that kind (decision 0036).
 */
function replacesState(
  op: Op,
  inputs: readonly ValueId[],
  forms: ReadonlyMap<ValueId, Form>,
  parts: readonly Part[],
): boolean {
  if (op !== (select as unknown)) return false;
  const isNumber = (part: PartId, value: number): boolean => {
    const found = parts[part];
    return found.kind === "number" && found.value === value;
  };
  const [x, y] = inputs.slice(1).map((id) => forms.get(id));
  const isHeld = (form: Form | undefined): boolean =>
    form?.factors.size === 1 &&
    [...form.factors.values()].every((factor) => isNumber(factor, 1)) &&
    isNumber(form.rest, 0);
  const madeOf = (form: Form | undefined): string => [...(form?.factors.keys() ?? [])].sort().join();
  return madeOf(x) !== madeOf(y) && !isHeld(x) && !isHeld(y);
}

/** The group of operands in which the node is linear and that has all operands with a form, or undefined. */
function groupFor(op: Op, formed: readonly boolean[]): readonly number[] | undefined {
  if (op.traits.elementwise !== true) return undefined;
  return op.traits.linear?.find((group) => formed.every((has, i) => !has || group.includes(i)));
}

/** By value: how it depends on carries, where it does so linearly and element by element. */
function formsOf(
  { body, params }: LoopParts,
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
      forms.set(id, { factors: new Map([[carry, number(type, 1)]]), rest: number(type, 0) });
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
    const carries = new Set(node.inputs.flatMap((id) => [...(forms.get(id)?.factors.keys() ?? [])]));
    const [carry] = carries;
    // The node may depend on a carry only because it cannot be stacked: then no operand has a form.
    if (carries.size === 0 || carries.size > MOST_COUPLED || group === undefined || !isKnown) continue;
    if (replacesState(op, node.inputs, forms, parts)) continue;
    const [type] = node.types;
    if (!sameType(type, params.carries[carry].type)) continue;
    const none = number(type, 0);
    const factors = [...carries].map(
      (from) => [from, apply(node, op, group, (id) => forms.get(id)?.factors.get(from) ?? none)] as const,
    );
    forms.set(node.id, {
      factors: new Map(factors),
      rest: apply(node, op, group, (id) => forms.get(id)?.rest ?? add({ kind: "value", id })),
    });
  }
  return forms;
}

/** Values that something reads other than the computation of the one next carry that they lead to. */
function isSeen(loop: LoopParts, carry: number): boolean {
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

/** How much larger than all rows of a step states may be: beyond that, their stacks cost more than the loop (decision 0036). */
const MOST_STATE = 8;

/** Whether stacks of the states' size are in proportion to those that the loop reads anyway. */
function isWorthStacking({ params }: LoopParts, carries: readonly number[]): boolean {
  const rows = params.rows.reduce((sum, row) => sum + typicalBytes(row.type), 0);
  const states = carries.reduce((sum, carry) => sum + typicalBytes(params.carries[carry].type), 0);
  return states <= MOST_STATE * rows;
}

/** Whether a stack of the carry is no larger than what the loop reads anyway. */
const isSmall = ({ params }: LoopParts, carry: number): boolean =>
  typicalBytes(params.carries[carry].type) <= Math.max(0, ...params.rows.map((row) => typicalBytes(row.type)));

/** All that the carry's next depends on, itself included, however many steps that takes; undefined where one of them has no form. */
function closureOf(
  { body }: LoopParts,
  forms: ReadonlyMap<ValueId, Form>,
  carry: number,
): ReadonlySet<number> | undefined {
  const found = new Set([carry]);
  for (const each of found) {
    const form = forms.get(body.outputs[each].value);
    if (form === undefined || found.size > MOST_COUPLED) return undefined;
    for (const from of form.factors.keys()) found.add(from);
  }
  return found;
}

/** The carry with those that enter it and that it enters, in order; undefined where some enter it that it does not enter, or have no form. */
function groupOf(loop: LoopParts, forms: ReadonlyMap<ValueId, Form>, carry: number): readonly number[] | undefined {
  const closure = closureOf(loop, forms, carry);
  if (closure === undefined) return undefined;
  const isMutual = [...closure].every((each) => closureOf(loop, forms, each)?.has(carry) === true);
  return isMutual ? [...closure].sort((a, b) => a - b) : undefined;
}

/** The carries of a loop that are linear, in the order in which their states can be computed; undefined when none is. */
export function findLinearCarries(loop: LoopParts): LinearCarries | undefined {
  const { body, params } = loop;
  const parts: Part[] = [];
  const rounds: (readonly LinearCarry[])[] = [];
  const known = new Map<ValueId, Variation>([[body.params.length - 1, "by row"]]);
  const left = new Set(params.carries.keys());
  for (;;) {
    const variations = variationsOf(loop, known);
    const forms = formsOf(loop, variations, parts);
    const formOf = (carry: number): Form => forms.get(body.outputs[carry].value) as Form;
    const isSum = (carry: number): boolean => {
      const form = forms.get(body.outputs[carry].value);
      const factor = form?.factors.size === 1 ? form.factors.get(carry) : undefined;
      const part = factor === undefined ? undefined : parts[factor];
      return part?.kind === "number" && part.value === 1 && !isSeen(loop, carry);
    };
    const recurrence = (carries: readonly number[]): LinearCarry => {
      const none = parts.push({ kind: "number", type: params.carries[carries[0]].type, value: 0 }) - 1;
      const factors = carries.map((to) => carries.map((from) => formOf(to).factors.get(from) ?? none));
      return { kind: "recurrence", carries, factors, rests: carries.map((carry) => formOf(carry).rest) };
    };
    const found = [...left].flatMap((carry): readonly LinearCarry[] => {
      const param = params.consts.length + carry;
      const next = body.outputs[carry].value;
      if (next === param) return [{ kind: "fixed", carry }];
      if (variations[next] !== "by carry") return [{ kind: "fresh", carry, next }];
      const group = groupOf(loop, forms, carry);
      if (group?.[0] !== carry || !isWorthStacking(loop, group)) return [];
      // A sum that nobody reads inside is no state, and its stack may be much larger than what it is made of.
      return isSum(carry) ? [] : [recurrence(group)];
    });
    if (found.length === 0) {
      // When nothing but small sums keeps a loop alive, it is not worth having.
      const sums = [...left].filter((carry) => isSum(carry) && isSmall(loop, carry));
      if (sums.length === left.size && sums.length > 0)
        rounds.push(sums.map((carry) => ({ kind: "sum", carry, rest: formOf(carry).rest })));
      return rounds.length === 0 ? undefined : { parts, rounds, variations };
    }
    rounds.push(found);
    for (const linear of found)
      for (const carry of carriesOf(linear)) {
        left.delete(carry);
        known.set(params.consts.length + carry, linear.kind === "fixed" ? "fixed" : "by row");
        if (linear.kind === "recurrence") known.set(body.outputs[carry].value, "by row");
      }
  }
}
