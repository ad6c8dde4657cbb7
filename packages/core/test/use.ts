/** A use of an op as a line of text, and what the tests do with it: infer, evaluate, wrap into a graph, fill with numbers. */
import { buildGraph } from "../src/graph/builder.js";
import type { Attrs, AttrValue } from "../src/ir/attrs.js";
import type { Graph } from "../src/ir/graph.js";
import { findOp } from "../src/ops/index.js";
import { inferTypes } from "../src/ops/infer.js";
import type { Op } from "../src/ops/op.js";
import type { DimBindings } from "../src/shape/dim.js";
import { elementCount } from "../src/shape/strides.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import { bindDims, parseType, type DType, type TensorType } from "../src/shape/tensor-type.js";
import type { Domain } from "./cases.js";

export interface Use {
  readonly op: Op;
  readonly inputs: readonly TensorType[];
  readonly attrs: Attrs;
}

const USE = /^(\w+)\((.*?)\)(?: \{(.*)\})?$/;

/** Reads "name(type, type) {attr=json, attr=json}". */
export function parseUse(text: string): Use {
  const [, name, types, attrs] = USE.exec(text) ?? [];
  const op = findOp(name);
  if (op?.kind !== "op") throw new TypeError(`no op in test case: ${text}`);
  const inputs = types.split(", ").flatMap((type) => (type === "" ? [] : [parseType(type)]));
  if (!inputs.every((type) => type !== undefined)) throw new TypeError(`no type in test case: ${text}`);
  const entries = (attrs ?? "").split(/, (?=\w+=)/).flatMap((attr): (readonly [string, AttrValue])[] => {
    const equals = attr.indexOf("=");
    return equals < 0 ? [] : [[attr.slice(0, equals), JSON.parse(attr.slice(equals + 1)) as AttrValue]];
  });
  return { op, inputs, attrs: Object.fromEntries(entries) };
}

const paramName = (i: number): string => `p${i}`;

/** The result type, or the ShapeError. */
export const inferUse = ({ op, inputs, attrs }: Use): TensorType =>
  inferTypes({
    op,
    inputs,
    inputNames: () => inputs.map((_, i) => paramName(i)),
    attrs,
    regions: [],
    graph: "case",
  })[0];

/** A graph of one node, with parameters p0, p1, ... and the output "out". */
export function graphOf({ op, inputs, attrs }: Use): Graph {
  const g = buildGraph("case");
  const params = inputs.map((type, i) => g.param(paramName(i), type));
  return g.build({ out: g.node({ op, inputs: params, attrs })[0] });
}

/** The elements that the op's definition gives for operands with these elements. */
export function evaluateUse(text: string, ...data: readonly (readonly number[])[]): readonly number[] {
  const use = parseUse(text);
  const inputs = use.inputs.map((type, i): Tensor => {
    if (elementCount(sizesOf(type)) !== data[i].length) throw new TypeError(`wrong number of elements: ${text}`);
    return { type, data: Float64Array.from(data[i]) };
  });
  return [...use.op.evaluate(inputs, use.attrs, inferUse(use))];
}

const defaultNumber: Readonly<Record<DType, (random: () => number) => number>> = {
  f32: (random) => random() * 4 - 2,
  f64: (random) => random() * 4 - 2,
  i32: (random) => Math.floor(random() * 11) - 5,
  u32: (random) => Math.floor(random() * 2 ** 32),
  bool: (random) => Math.floor(random() * 2),
};

function numberIn(domain: Domain, dtype: DType, random: () => number): number {
  if (domain === "any") return defaultNumber[dtype](random);
  return domain === "positive" ? 0.5 + 1.5 * random() : Math.floor(random() * domain.below);
}

export const bindType = (type: TensorType, bindings: DimBindings): TensorType => ({
  dtype: type.dtype,
  dims: bindDims(type.dims, bindings),
});

/** A tensor of the type, with its symbols bound, filled with random numbers. */
export function randomTensor(
  type: TensorType,
  bindings: DimBindings,
  random: () => number,
  domain: Domain = "any",
): Tensor {
  const bound = bindType(type, bindings);
  const data = new Float64Array(elementCount(sizesOf(bound))).map(() => numberIn(domain, type.dtype, random));
  return { type: bound, data };
}
