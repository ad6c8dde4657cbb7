/** What passes over loops share that bring values of a body out: what can leave, how it is computed for all steps at once, and the loop that is left. */
import { opOf, type BuilderScope } from "../graph/builder.js";
import { valueNames, valueTypes, type Node, type ValueId } from "../ir/graph.js";
import { iota } from "../ops/constant.js";
import type { AnyOp, Op, RegionOp, Value } from "../ops/op.js";
import { forAllSteps } from "../ops/reduce.js";
import type { LoopNode, LoopParts } from "./loops.js";

/** What a value of a body depends on: nothing that changes, the row of the step, or what the step before left. */
export type Variation = "fixed" | "by row" | "by carry";

/** Whether a node of the op can be computed for all steps at once. */
export const canStack = (op: AnyOp): boolean =>
  op.kind === "op" && (op.traits.elementwise === true || op.stacked !== undefined);

/**
 * By value of the body. What cannot be computed for all steps at once counts as what depends on a carry, and so do
 * carries and the index, unless `known` says otherwise.
 */
export function variationsOf(
  { body, params, apart }: LoopParts,
  known: ReadonlyMap<ValueId, Variation>,
): readonly Variation[] {
  const found: Variation[] = [
    ...params.consts.map((): Variation => "fixed"),
    ...params.carries.map((): Variation => "by carry"),
    ...params.rows.map((): Variation => (apart ? "by carry" : "by row")),
    "by carry",
  ];
  for (const id of found.keys()) found[id] = known.get(id) ?? found[id];
  for (const node of body.nodes) {
    const inputs = node.inputs.map((id) => found[id]);
    const op = opOf(node);
    const stays = inputs.includes("by carry") || op.kind === "region";
    const varies = inputs.includes("by row");
    const variation = stays || (varies && !canStack(op)) ? "by carry" : varies ? "by row" : "fixed";
    node.types.forEach((_, k) => found.push(known.get(node.id + k) ?? variation));
  }
  return found;
}

/** The result of a node for all steps, from operands of which at least one is stacked. */
function stackNode(
  g: BuilderScope,
  op: Op,
  node: Node,
  inputs: readonly Value[],
  isStacked: readonly boolean[],
  { count }: LoopNode,
): Value {
  if (op.stacked !== undefined)
    return op.stacked({ inputs, isStacked, attrs: node.attrs, length: count, emit: g.emit });
  const whole = inputs.map((value, i) => forAllSteps(g.emit, value, isStacked[i], count));
  return g.node({ op, inputs: whole, attrs: node.attrs })[0];
}

/** A value in front of the loop: one for each step, stacked, or one for all. */
export interface Brought {
  readonly value: Value;
  readonly isStacked: boolean;
}

/** By value of the body. */
export type Outside = Map<ValueId, Brought>;

/** A node of the body, or its op for a part, in front of the loop. */
export function bringNode(g: BuilderScope, loop: LoopNode, node: Node, op: Op, operands: readonly Brought[]): Brought {
  const inputs = operands.map(({ value }) => value);
  const stacked = operands.map((operand) => operand.isStacked);
  const isStacked = stacked.includes(true);
  const value = g.at(node.origin, () =>
    isStacked ? stackNode(g, op, node, inputs, stacked, loop) : g.node({ op, inputs, attrs: node.attrs })[0],
  );
  return { value, isStacked };
}

/** Computes body values in front of the loop, with what they need; each once. */
export function bringOut(g: BuilderScope, loop: LoopNode, outside: Outside, wanted: readonly ValueId[]): void {
  const needed = new Set(wanted.filter((id) => !outside.has(id)));
  const { nodes, params } = loop.body;
  for (let i = nodes.length - 1; i >= 0; i--)
    if (needed.has(nodes[i].id)) for (const id of nodes[i].inputs) if (!outside.has(id)) needed.add(id);
  const index = params.length - 1;
  if (needed.has(index)) {
    const value = g.emit(iota, [], { dtype: "i32", dims: [loop.count], axis: 0 });
    outside.set(index, { value, isStacked: true });
  }
  for (const node of nodes) {
    const op = opOf(node);
    if (!needed.has(node.id) || op.kind !== "op") continue;
    const brought = bringNode(
      g,
      loop,
      node,
      op,
      node.inputs.flatMap((id) => outside.get(id) ?? []),
    );
    g.named(node.names[0], brought.value);
    outside.set(node.id, brought);
  }
}

/** A value for all steps: where it is one, repeated. */
export const forAll = (g: BuilderScope, { value, isStacked }: Brought, { count }: LoopNode): Value =>
  forAllSteps(g.emit, value, isStacked, count);

/** The loop that is left, for the outputs of the body that are asked for: final values of the kept carries, then stacks of `ys`. */
export function loopLeft(
  g: BuilderScope,
  { body, params, node: loopNode, op, ...loop }: LoopNode,
  reshaped: NonNullable<RegionOp["reshaped"]>,
  outside: Outside,
  kept: readonly number[],
  ys: readonly ValueId[],
): readonly Value[] {
  const outputs = [...kept.map((carry) => body.outputs[carry].value), ...ys];
  const live = new Set(outputs);
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    const node = body.nodes[i];
    const isLive = node.types.some((_, k) => live.has(node.id + k) && !outside.has(node.id + k));
    if (isLive) for (const id of node.inputs) live.add(id);
  }
  // The index of a step is there without a row of its own.
  const index = body.params.length - 1;
  const given = [...outside.keys()].filter((id) => live.has(id) && id !== index).sort((a, b) => a - b);
  const consts = given.filter((id) => outside.get(id)?.isStacked === false);
  const rows = given.filter((id) => outside.get(id)?.isStacked === true);
  const carryIds = kept.map((carry) => params.consts.length + carry);
  const types = valueTypes(body);
  const names = valueNames(body);
  const order = [...consts, ...carryIds, ...rows, index];
  const region = g.region(
    body.name,
    order.map((id) => ({ name: names[id], type: types[id] })),
    (inner, args) => {
      const inside = new Map(order.map((id, i) => [id, args[i]]));
      for (const node of body.nodes) {
        if (!node.types.some((_, k) => live.has(node.id + k) && !inside.has(node.id + k))) continue;
        const inputs = node.inputs.map((id) => inside.get(id) as Value);
        inner.copy(node, inputs).forEach((value, k) => {
          if (!inside.has(node.id + k)) inside.set(node.id + k, value);
        });
      }
      return outputs.map((id) => inside.get(id) as Value);
    },
  );
  const values = (ids: readonly ValueId[]): readonly Value[] => ids.flatMap((id) => outside.get(id)?.value ?? []);
  return g.node({
    op,
    inputs: [...values(consts), ...kept.map((carry) => loop.carries[carry]), ...values(rows), ...loop.others],
    attrs: reshaped(loopNode.attrs, consts.length, kept.length),
    regions: [region],
  });
}

/** What is outside before anything is brought there: the loop's consts and stacks. */
export function givenOutside({ consts, stacks, params }: LoopNode): Outside {
  const outside: Outside = new Map();
  consts.forEach((value, id) => outside.set(id, { value, isStacked: false }));
  const firstRow = params.consts.length + params.carries.length;
  stacks.forEach((value, i) => outside.set(firstRow + i, { value, isStacked: true }));
  return outside;
}

/**
 * The results of the loop without what is outside: final values of carries come from `finals` where they are there, stacks
 * from what was brought out, the others from a loop that does the rest, if there is any.
 */
export function resultsBeside(
  g: BuilderScope,
  loop: LoopNode,
  reshaped: NonNullable<RegionOp["reshaped"]>,
  outside: Outside,
  finals: ReadonlyMap<number, Value>,
): readonly Value[] {
  const { body, params } = loop;
  const kept = [...params.carries.keys()].filter((carry) => !finals.has(carry));
  const ys = body.outputs.slice(params.carries.length).map((output) => output.value);
  // What a step makes is what is stacked only where no example skips it.
  const skips = loop.op.skipsSteps?.(loop.node.attrs) !== false;
  const isOut = (id: ValueId): boolean => !skips && outside.has(id);
  const inside = [...new Set(ys.filter((id) => !isOut(id)))];
  const left = kept.length + inside.length === 0 ? [] : loopLeft(g, loop, reshaped, outside, kept, inside);
  return [
    ...params.carries.map((_, carry) => finals.get(carry) ?? left[kept.indexOf(carry)]),
    ...ys.map((id) => {
      const brought = isOut(id) ? outside.get(id) : undefined;
      return brought === undefined ? left[kept.length + inside.indexOf(id)] : forAll(g, brought, loop);
    }),
  ];
}
