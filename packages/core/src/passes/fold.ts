/** Constant folding. */
import { constant } from "../ops/constant.js";
import { opNamed, ops } from "../ops/index.js";
import type { AnyOp, Op } from "../ops/op.js";
import { laneOf, numberLanes, numberOf } from "../kernel/number-lanes.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import { RunError } from "../errors/errors.js";
import type { Attrs } from "../ir/attrs.js";
import type { Node, ValueId } from "../ir/graph.js";
import type { Tensor } from "../shape/tensor.js";
import { isFloat, sizeOf, type TensorType } from "../shape/tensor-type.js";
import { constantOf, isConstant, splatOf } from "./constants.js";
import type { Pass } from "./pass.js";

/** A folded constant with more elements would make the graph larger than the node that computes it. */
const MOST_ELEMENTS = 1024;

/** Ops whose result holds only elements of the first operand: one number repeated stays one number repeated. */
const REARRANGING: ReadonlySet<AnyOp> = new Set<unknown>([
  ops.broadcast,
  ops.reshape,
  ops.reverse,
  ops.slice,
  ops.transpose,
]) as ReadonlySet<AnyOp>;

const isKnown = (type: TensorType): boolean => type.dims.every((dim) => typeof dim === "number");

/** The number that every element of the result is, when that follows from operands of one number each; dims may be symbols. */
function foldSplat(op: Op, node: Node, inputs: readonly ValueId[], draft: Draft): number | undefined {
  const splats = inputs.flatMap((id) => splatOf(draft, id) ?? []);
  if (splats.length < inputs.length) return undefined;
  if (REARRANGING.has(op)) return splats[0];
  if (op.traits.elementwise !== true) return undefined;
  const scalars = splats.map((value, i): Tensor => ({
    type: { dtype: draft.typeOf(inputs[i]).dtype, dims: [] },
    data: Float64Array.of(value),
  }));
  const type: TensorType = { dtype: node.types[0].dtype, dims: [] };
  const [value] = op.evaluate(scalars, node.attrs, type);
  return isSameCompiled(op, node.attrs, scalars, [value], type) ? value : undefined;
}

/** Multiplying and adding with two roundings and with one: a compiled graph may do either. */
const LANES = [numberLanes(), numberLanes({ fused: true })];

/**
 * Whether compiled code, which rounds after every operation, makes the same of the operands: constants hold f64, and
 * a folded one is rounded only at the end. Ops of floats that compute are maps; the others move elements.
 */
function isSameCompiled(
  op: Op,
  attrs: Attrs,
  inputs: readonly Tensor[],
  data: readonly number[],
  type: TensorType,
): boolean {
  const types = inputs.map((input) => input.type);
  if (![...types, type].some(({ dtype }) => isFloat(dtype))) return true;
  const kernel = op.kernel(types, attrs, type);
  if (kernel.kind !== "map") return true;
  return data.every((value, i) => {
    const wanted = numberOf(laneOf(type.dtype, value));
    const operands = inputs.map((input) => laneOf(input.type.dtype, input.data[i]));
    return LANES.every((lanes) => Object.is(numberOf(kernel.lane(lanes, ...operands)), wanted));
  });
}

function foldElements(op: Op, node: Node, inputs: readonly ValueId[], draft: Draft): readonly number[] | undefined {
  const [type] = node.types;
  if (!isKnown(type) || (sizeOf(type.dims) as number) > MOST_ELEMENTS) return undefined;
  const tensors = inputs.flatMap((id) => constantOf(draft, id, MOST_ELEMENTS) ?? []);
  if (tensors.length < inputs.length) return undefined;
  const data = evaluated(op, tensors, node);
  if (data === undefined || !isSameCompiled(op, node.attrs, tensors, data, type)) return undefined;
  return data.length === 0 || data.some((value) => !Object.is(value, data[0])) ? data : [data[0]];
}

/** The elements, unless computing them is an error: then the program shall report it, if it ever gets there. */
function evaluated(op: Op, inputs: readonly Tensor[], node: Node): readonly number[] | undefined {
  try {
    return Array.from(op.evaluate(inputs, node.attrs, node.types[0]));
  } catch (error) {
    if (error instanceof RunError) return undefined;
    throw error;
  }
}

/**
 * Only ops that are cheap are folded: they are plain arithmetic and moves of elements, the same on every machine.
 * exp and its kin differ between engines in the last bit, and a folded one would make results depend on where the
 * graph was compiled.
 */
const isFoldable = (op: AnyOp, node: Node): op is Op =>
  op.kind === "op" && op.traits.cheap === true && (node.inputs.length > 0 || isKnownSize(op, node));

const isKnownSize = (op: Op, { attrs }: Node): boolean =>
  op === (ops.size as unknown) && typeof attrs["dim"] === "number";

const foldConstants: Visitor = (node, inputs, draft) => {
  if (!inputs.every((id) => isConstant(draft, id))) return "keep";
  const op = opNamed(node.op);
  if (!isFoldable(op, node)) return "keep";
  const splat = foldSplat(op, node, inputs, draft);
  const data = splat === undefined ? foldElements(op, node, inputs, draft) : [splat];
  if (data === undefined) return "keep";
  const { dtype, dims } = node.types[0];
  return [draft.emit(constant, [], { dtype, dims, data })];
};

/** Replaces what follows from constants alone by its value, if that is small or one number throughout. */
export const fold: Pass = {
  name: "fold",
  summary: "Computes what follows from constants alone.",
  run: (graph) => rebuild(graph, () => foldConstants),
};
