/** Nodes as expressions of equations: `x @ W + b` instead of dotGeneral, broadcast and add. */
import type { Attrs } from "../ir/attrs.js";
import type { Node } from "../ir/graph.js";
import { opNamed, ops } from "../ops/index.js";
import type { AnyOp } from "../ops/op.js";
import type { Dim } from "../shape/dim.js";
import type { Dims, TensorType } from "../shape/tensor-type.js";
import { formatAttrValue, formatNumber } from "../graph/print.js";

/** A text and how tightly its parts hold together; brackets go around what holds less tightly than its place asks. */
export interface Rendered {
  readonly text: string;
  readonly level: number;
}

const OR = 1;
const AND = 2;
const NOT = 3;
const COMPARISON = 4;
const SUM = 5;
const PRODUCT = 6;
const MATRIX = 7;
const UNARY = 8;
const POWER = 9;
const ATOM = 10;

export const atom = (text: string): Rendered => ({ text, level: ATOM });

const bracketed = ({ text, level }: Rendered, least: number): string => (level >= least ? text : `(${text})`);

interface Sign {
  readonly sign: string;
  readonly level: number;
  /** Whether the right side may be of the same level without brackets: a - (b - c) may not. */
  readonly chains: boolean;
}

const SIGNS: ReadonlyMap<AnyOp, Sign> = new Map<AnyOp, Sign>([
  [ops.or, { sign: "or", level: OR, chains: true }],
  [ops.and, { sign: "and", level: AND, chains: true }],
  [ops.eq, { sign: "==", level: COMPARISON, chains: false }],
  [ops.lt, { sign: "<", level: COMPARISON, chains: false }],
  [ops.le, { sign: "<=", level: COMPARISON, chains: false }],
  [ops.add, { sign: "+", level: SUM, chains: false }],
  [ops.sub, { sign: "-", level: SUM, chains: false }],
  [ops.mul, { sign: "*", level: PRODUCT, chains: false }],
  [ops.div, { sign: "/", level: PRODUCT, chains: false }],
  [ops.mod, { sign: "%", level: PRODUCT, chains: false }],
]);

/** What rendering a node may look at. */
export interface RenderScope {
  readonly node: Node;
  readonly operands: readonly Rendered[];
  readonly types: readonly TensorType[];
}

type Render = (scope: RenderScope) => Rendered | undefined;

const call = (name: string, operands: readonly Rendered[], ...more: readonly string[]): Rendered =>
  atom(`${name}(${[...operands.map(({ text }) => text), ...more].join(", ")})`);

const dimsText = (dims: Dims): string => `[${dims.join(", ")}]`;

/** Whether a broadcast only does what the notation implies: axes in front, and scalars anywhere. */
const isImplied = (from: Dims, dims: Dims, axes: readonly number[]): boolean =>
  axes.every((axis, i) => axis === dims.length - from.length + i);

const RENDERERS: ReadonlyMap<AnyOp, Render> = new Map<AnyOp, Render>([
  [ops.constant, ({ node: { attrs, types } }) => constantText(attrs.data as readonly number[], types[0])],
  [ops.neg, ({ operands: [x] }) => ({ text: `-${bracketed(x, UNARY)}`, level: UNARY })],
  [ops.not, ({ operands: [x] }) => ({ text: `not ${bracketed(x, NOT)}`, level: NOT })],
  [ops.pow, ({ operands: [x, y] }) => ({ text: `${bracketed(x, ATOM)}^${bracketed(y, UNARY)}`, level: POWER })],
  [ops.select, ({ operands }) => call("where", operands)],
  [ops.cast, ({ node, operands }) => call(node.types[0].dtype, operands)],
  [ops.size, ({ node }) => call("size", [atom(String(node.attrs.dim))])],
  [
    ops.broadcast,
    ({ node, operands: [x], types: [type] }) =>
      isImplied(type.dims, node.types[0].dims, node.attrs.axes as readonly number[]) ? x : undefined,
  ],
  [ops.reshape, ({ node, operands }) => call("reshape", operands, dimsText(node.types[0].dims))],
  [
    ops.transpose,
    ({ node, operands }) =>
      node.types[0].dims.length === 2
        ? call("transpose", operands)
        : call("transpose", operands, formatAttrValue(node.attrs.order)),
  ],
  [ops.concat, ({ node, operands }) => call("concat", operands, `axis = ${formatAttrValue(node.attrs.axis)}`)],
  [ops.reduceSum, (scope) => reduction("sum", scope)],
  [ops.reduceMax, (scope) => reduction("max", scope)],
  [ops.slice, ({ node, operands: [x], types: [type] }) => sliceText(node.attrs, x, type.dims)],
  [
    ops.gather,
    ({ node, operands: [x, indices] }) =>
      node.attrs.axis === 0 && node.attrs.batch === 0 ? atom(`${bracketed(x, ATOM)}[${indices.text}]`) : undefined,
  ],
  [ops.dotGeneral, productText],
]);

/** A node with one result as an expression of what its operands are. */
export function renderNode(scope: RenderScope): Rendered {
  const op = opNamed(scope.node.op);
  const { operands, node } = scope;
  const sign = SIGNS.get(op);
  if (sign !== undefined) {
    const [left, right] = [
      bracketed(operands[0], sign.level + (sign.level === COMPARISON ? 1 : 0)),
      bracketed(operands[1], sign.level + (sign.chains ? 0 : 1)),
    ];
    return { text: `${left} ${sign.sign} ${right}`, level: sign.level };
  }
  return RENDERERS.get(op)?.(scope) ?? call(node.op, operands, ...attrTexts(node.attrs));
}

/** Attributes as arguments by name. */
export const attrTexts = (attrs: Attrs): readonly string[] =>
  Object.entries(attrs).map(([name, value]) => `${name} = ${formatAttrValue(value)}`);

/** Numbers of a constant that are written out. */
const MOST_NUMBERS = 8;

/** A number; where it stands for many equal ones, the notation implies them. */
function constantText(data: readonly number[], { dtype, dims }: TensorType): Rendered {
  const numberText = (value: number): string => (dtype === "bool" ? String(value !== 0) : formatNumber(value));
  if (data.length === 1) {
    const text = numberText(data[0]);
    return { text, level: text.startsWith("-") ? UNARY : ATOM };
  }
  const shown = data.slice(0, MOST_NUMBERS).map(numberText).join(", ");
  return call("constant", [atom(`[${shown}${data.length > MOST_NUMBERS ? ", ..." : ""}]`)], dimsText(dims));
}

function reduction(name: string, { node, operands, types: [type] }: RenderScope): Rendered {
  const axes = node.attrs.axes as readonly number[];
  if (axes.length === type.dims.length) return call(name, operands);
  return call(name, operands, `axis = ${axes.length === 1 ? axes[0] : formatAttrValue(axes)}`);
}

function sliceText({ start, limit, step }: Attrs, x: Rendered, dims: Dims): Rendered {
  const [starts, limits, steps] = [start as Dims, limit as Dims, step as readonly number[]];
  const rangeOf = (axis: number): string => {
    const [from, to] = [starts[axis] === 0 ? "" : starts[axis], limits[axis] === dims[axis] ? "" : limits[axis]];
    return `${from}:${to}${steps[axis] === 1 ? "" : `:${steps[axis]}`}`;
  };
  return atom(`${bracketed(x, ATOM)}[${dims.map((_: Dim, axis) => rangeOf(axis)).join(", ")}]`);
}

/** Products of matrices with "@", others by the letters of their axes. */
function productText({ node, operands: [x, y], types: [typeX, typeY] }: RenderScope): Rendered {
  const { contractX, contractY, batchX, batchY } = node.attrs as Readonly<Record<string, readonly number[]>>;
  const [rankX, rankY] = [typeX.dims.length, typeY.dims.length];
  const isPlain = batchX.length === 0 && contractX.length === 1 && contractX[0] === rankX - 1 && rankX > 0;
  const matrix = (right: string): Rendered => ({ text: `${bracketed(x, MATRIX)} @ ${right}`, level: MATRIX });
  if (isPlain && rankY <= 2 && contractY[0] === 0) return matrix(bracketed(y, UNARY));
  if (isPlain && rankY === 2 && contractY[0] === 1) return matrix(`transpose(${y.text})`);

  const lettersX = [..."abcdefghijklmnopqrstuvwxyz"].slice(0, rankX);
  let next = rankX;
  const lettersY = typeY.dims.map((_, axis) => {
    const shared = contractY.includes(axis) ? contractX[contractY.indexOf(axis)] : batchX[batchY.indexOf(axis)];
    return shared === undefined ? String.fromCharCode(97 + next++) : lettersX[shared];
  });
  const result = [
    ...batchX.map((axis) => lettersX[axis]),
    ...lettersX.filter((_, axis) => !batchX.includes(axis) && !contractX.includes(axis)),
    ...lettersY.filter((_, axis) => !batchY.includes(axis) && !contractY.includes(axis)),
  ];
  return call("einsum", [atom(`"${lettersX.join("")},${lettersY.join("")}->${result.join("")}"`), x, y]);
}
