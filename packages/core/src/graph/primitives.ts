/**
 * One typed function per op, derived from the registry: `g.tanh(x)`,
 * `g.dotGeneral(x, W, {...})`. This is the convenience layer that implies
 * broadcasting: operands of an elementwise op may be numbers or have fewer or
 * size-1 axes, aligned at the last axis as in NumPy; the broadcast nodes are
 * inserted here and nowhere else.
 */
import { ShapeError } from "../errors/errors.js";
import type { Attrs } from "../ir/attrs.js";
import type { Origin } from "../ir/graph.js";
import { ops, type OpName } from "../ops/index.js";
import type { Arity, AttrArgument, Emit, Inputs, Op, Value } from "../ops/op.js";
import { formatType, sameDims, type Dims, type DType } from "../shape/tensor-type.js";
import type { Dim } from "../shape/dim.js";
import { formatNumber } from "./print.js";

/** A value, or a number that takes the element type of the other operands (f32 when there are none). */
export type Operand = Value | number;

/** The builder function of an op: operands, then attributes where it has any. */
export type Primitive<O> =
  O extends Op<infer N, infer A>
    ? N extends "any"
      ? (operands: readonly Operand[], ...attrs: AttrArgument<A>) => Value
      : (...operandsAndAttrs: readonly [...Inputs<N, Operand>, ...AttrArgument<A>]) => Value
    : never;

/** The ops of one result, which have one function each; the ops with regions have builders of their own. */
export type SimpleOpName = { [Name in OpName]: (typeof ops)[Name] extends { kind: "op" } ? Name : never }[OpName];

export type Primitives = { readonly [Name in SimpleOpName]: Primitive<(typeof ops)[Name]> };

interface EmitScope {
  readonly emit: Emit;
  nameOf(value: Value): string;
  place(): { readonly graph: string; readonly origin: Origin | undefined };
}

const isNumber = (operand: Operand): operand is number => typeof operand === "number";

export const scalarConstant = (g: { readonly emit: Emit }, value: number, dtype: DType): Value =>
  g.emit(ops.constant, [], { dtype, dims: [], data: [value] });

/** The dims that `all` broadcast to, aligned at the last axis; undefined when two sizes differ and neither is 1. */
export function broadcastDims(all: readonly Dims[]): Dims | undefined {
  const rank = Math.max(0, ...all.map((dims) => dims.length));
  const result: Dim[] = new Array<Dim>(rank).fill(1);
  for (const dims of all)
    for (let i = 0; i < dims.length; i++) {
      const axis = rank - dims.length + i;
      if (dims[i] === 1) continue;
      if (result[axis] !== 1 && result[axis] !== dims[i]) return undefined;
      result[axis] = dims[i];
    }
  return result;
}

/** `value` repeated to `dims`: leading axes are added, axes of size 1 are stretched. */
export function broadcastTo(g: { readonly emit: Emit }, value: Value, dims: Dims): Value {
  const from = value.type.dims;
  if (sameDims(from, dims)) return value;
  const offset = dims.length - from.length;
  const kept = from.map((_, i) => i).filter((i) => from[i] === dims[offset + i]);
  const squeezed =
    kept.length === from.length ? value : g.emit(ops.reshape, [value], { dims: kept.map((i) => from[i]) });
  return g.emit(ops.broadcast, [squeezed], { dims: [...dims], axes: kept.map((i) => offset + i) });
}

const areValues = (operands: readonly Operand[]): operands is readonly Value[] => !operands.some(isNumber);

/**
 * Operands that were made here to fit an op. Nobody outside holds one, so what needs the same number or the same
 * repetition again can read it too: an update of many weights has each of its constants once.
 */
interface Fitted {
  readonly numbers: Map<string, Value>;
  readonly repeated: Map<Value, Map<string, Value>>;
}

const known = <K>(made: Map<K, Value>, key: K, make: () => Value): Value => {
  const value = made.get(key) ?? make();
  made.set(key, value);
  return value;
};

/** The operands as values. A number has the element type of the last value, which for select is a branch, not the condition. */
function valuesOf(g: EmitScope, { numbers }: Fitted, operands: readonly Operand[]): readonly Value[] {
  if (areValues(operands)) return operands;
  const last = operands.findLast((operand) => !isNumber(operand));
  const dtype: DType = last === undefined || isNumber(last) ? "f32" : last.type.dtype;
  return operands.map((operand) =>
    isNumber(operand)
      ? known(numbers, `${dtype} ${formatNumber(operand)}`, () => scalarConstant(g, operand, dtype))
      : operand,
  );
}

function repeatedTo(g: EmitScope, { repeated }: Fitted, value: Value, dims: Dims): Value {
  if (sameDims(value.type.dims, dims)) return value;
  const byDims = repeated.get(value) ?? new Map<string, Value>();
  repeated.set(value, byDims);
  return known(byDims, dims.join(), () => broadcastTo(g, value, dims));
}

function alignOperands(g: EmitScope, fitted: Fitted, op: Op, operands: readonly Operand[]): readonly Value[] {
  const values = valuesOf(g, fitted, operands);
  if (op.traits.elementwise !== true || values.length < 2) return values;
  const [{ type: first }] = values;
  if (values.every(({ type }) => sameDims(type.dims, first.dims))) return values;
  const dims = broadcastDims(values.map((value) => value.type.dims));
  if (dims === undefined)
    throw new ShapeError([
      {
        code: "broadcast.sizes",
        problem: `operands of ${op.name} have equal sizes on each axis, counted from the last, or size 1`,
        at: {
          kind: "node",
          ...g.place(),
          text: `${op.name}(${values.map((value) => `%${g.nameOf(value)}`).join(", ")})`,
        },
        received: values.map((value) => `${g.nameOf(value)}: ${formatType(value.type)}`).join(", "),
      },
    ]);
  return values.map((value) => repeatedTo(g, fitted, value, dims));
}

/** All primitives of a builder. */
export function primitives(g: EmitScope): Primitives {
  const fitted: Fitted = { numbers: new Map(), repeated: new Map() };
  const entries = Object.values(ops).flatMap((op): (readonly [string, unknown])[] => {
    if (op.kind !== "op") return [];
    const simple = op as Op;
    const count = simple.arity;
    const call =
      count === "any"
        ? (operands: readonly Operand[], attrs?: Attrs) => emitAligned(g, fitted, simple, operands, attrs)
        : (...args: readonly unknown[]) =>
            emitAligned(
              g,
              fitted,
              simple,
              args.slice(0, count) as readonly Operand[],
              args[count] as Attrs | undefined,
            );
    return [[op.name, call]];
  });
  return Object.fromEntries(entries) as unknown as Primitives;
}

const emitAligned = (
  g: EmitScope,
  fitted: Fitted,
  op: Op,
  operands: readonly Operand[],
  attrs: Attrs | undefined,
): Value =>
  (g.emit as (op: Op<Arity, Attrs>, inputs: readonly Value[], attrs: Attrs) => Value)(
    op,
    alignOperands(g, fitted, op, operands),
    attrs ?? {},
  );
