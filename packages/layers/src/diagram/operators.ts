/** What ops are in a picture: operators between signals, views of a signal, or linear in the signals that they read. */
import { ops, type Node, type OpName } from "@latchgrad/core";

const SIGNS: ReadonlyMap<object, string> = new Map<object, string>([
  [ops.add, "+"],
  [ops.sub, "−"],
  [ops.mul, "×"],
  [ops.div, "÷"],
  [ops.mod, "%"],
  [ops.pow, "^"],
  [ops.max, "max"],
  [ops.min, "min"],
  [ops.dotGeneral, "@"],
  [ops.eq, "="],
  [ops.lt, "<"],
  [ops.le, "≤"],
  [ops.and, "and"],
  [ops.or, "or"],
]);

/** Ops after which a signal is still the same signal: its elements in another order, or some of them. */
const VIEWS: ReadonlySet<object> = new Set<object>([
  ops.broadcast,
  ops.reshape,
  ops.transpose,
  ops.slice,
  ops.cast,
  ops.stopGradient,
]);

const opOf = (node: Node): (typeof ops)[OpName] => ops[node.op as OpName];

/** What stands in the circle of an op of two operands; undefined for other ops. */
export const operatorSign = (node: Node): string | undefined => SIGNS.get(opOf(node));

export const isView = (node: Node): boolean => VIEWS.has(opOf(node));

/** Whether the result is linear in all operands that are signals together, while the others are constants. */
export function isLinearIn(node: Node, isSignal: readonly boolean[]): boolean {
  const op = opOf(node);
  if (op === ops.concat) return true;
  const signals = isSignal.flatMap((is, i) => (is ? [i] : []));
  return (op.traits.linear ?? []).some((group) => signals.every((i) => group.includes(i)));
}

/** Whether the name of what a node computes was given to it, and is not that of its op. */
export const hasGivenName = ({ op, names }: Node): boolean => !new RegExp(`^${op}(_\\d+)?$`).test(names[0]);
