// How a random graph gets its next node: one producer per op or idiom, each on values where it is defined.
import type { GraphBuilder } from "../src/graph/builder.js";
import { scalarConstant } from "../src/graph/primitives.js";
import type { Value } from "../src/ops/op.js";
import { multiplyDims, type Dim } from "../src/shape/dim.js";
import { isFloat, sameDims, sameType, type DType, type TensorType } from "../src/shape/tensor-type.js";
import type { Draw } from "./random-draw.js";

export interface Scene {
  readonly g: GraphBuilder;
  /** Values that nodes may read; regions see some of those around them. */
  readonly pool: Value[];
  readonly draw: Draw;
  /** How many regions may still be nested here. */
  readonly depth: number;
  readonly smooth: boolean;
  /** i32[B], for scans. */
  readonly lengths: Value;
  /** Integers and masks made from floats, through which a gradient would be an error when they become floats again. */
  readonly floating: WeakSet<Value>;
  readonly grow: (scene: Scene, draws: number) => void;
}

type Producer = (scene: Scene) => Value | undefined;

const MOST_AXES = 3;
const allAxes = (value: Value): readonly number[] => value.type.dims.map((_, axis) => axis);

function pickWhere({ pool, draw }: Scene, wanted: (value: Value) => boolean): Value | undefined {
  const found = pool.filter(wanted);
  // Later values are likelier, so that graphs become deep.
  return found.length === 0 ? undefined : found[Math.max(draw.below(found.length), draw.below(found.length))];
}

const floatOf = (scene: Scene): Value | undefined => pickWhere(scene, ({ type }) => isFloat(type.dtype));
const numberOf = (scene: Scene): Value | undefined => pickWhere(scene, ({ type }) => type.dtype !== "bool");
const boolOf = (scene: Scene): Value | undefined => pickWhere(scene, ({ type }) => type.dtype === "bool");

const onFloat =
  (make: (g: GraphBuilder, x: Value, scene: Scene) => Value | undefined): Producer =>
  (scene) => {
    const x = floatOf(scene);
    return x === undefined ? undefined : make(scene.g, x, scene);
  };

const onNumber =
  (make: (g: GraphBuilder, x: Value, scene: Scene) => Value | undefined): Producer =>
  (scene) => {
    const x = numberOf(scene);
    return x === undefined ? undefined : make(scene.g, x, scene);
  };

/** On two operands of one type; the second may be the first, or a number. */
const onTwo =
  (
    make: (g: GraphBuilder, x: Value, y: Value) => Value,
    one: (scene: Scene) => Value | undefined = floatOf,
  ): Producer =>
  (scene) => {
    const x = one(scene);
    if (x === undefined) return undefined;
    const y = pickWhere(scene, (value) => sameType(value.type, x.type)) ?? x;
    return make(scene.g, x, y);
  };

const compared =
  (make: (g: GraphBuilder, x: Value, y: Value) => Value): Producer =>
  (scene) => {
    const x = numberOf(scene);
    if (x === undefined) return undefined;
    const mask = make(scene.g, x, pickWhere(scene, (value) => sameType(value.type, x.type)) ?? x);
    scene.floating.add(mask);
    return mask;
  };

const unlessSmooth =
  (producer: Producer): Producer =>
  (scene) =>
    scene.smooth ? undefined : producer(scene);

/** Rounding to f32 is a staircase, on which central differences see steps. */
const floatType = ({ draw, smooth }: Scene): DType => (smooth || draw.chance(0.5) ? "f64" : "f32");

function shuffled<T>(draw: Draw, values: readonly T[]): readonly T[] {
  const left = [...values];
  return values.map(() => left.splice(draw.below(left.length), 1)[0]);
}

const onePlusSquare = (g: GraphBuilder, x: Value): Value => g.add(1, g.mul(x, x));
const knownAxis = ({ type: { dims } }: Value, least = 1): number =>
  dims.findIndex((dim) => typeof dim === "number" && dim >= least);

const unary: readonly Producer[] = [
  onFloat((g, x) => g.tanh(x)),
  onFloat((g, x) => g.sigmoid(x)),
  onFloat((g, x) => g.sin(x)),
  onFloat((g, x) => g.cos(x)),
  onFloat((g, x) => g.erf(x)),
  onFloat((g, x) => g.exp(g.tanh(x))),
  onFloat((g, x) => g.expm1(g.tanh(x))),
  onFloat((g, x) => g.log(onePlusSquare(g, x))),
  onFloat((g, x) => g.log1p(g.mul(x, x))),
  onFloat((g, x) => g.sqrt(onePlusSquare(g, x))),
  onFloat((g, x) => g.rsqrt(onePlusSquare(g, x))),
  onNumber((g, x) => g.neg(x)),
  onNumber((g, x) => g.abs(x)),
  unlessSmooth(onNumber((g, x) => g.sign(x))),
  unlessSmooth(onFloat((g, x) => g.floor(g.mul(x, 3)))),
  unlessSmooth(onFloat((g, x) => g.stopGradient(x))),
];

const binary: readonly Producer[] = [
  onTwo((g, x, y) => g.add(x, y), numberOf),
  onTwo((g, x, y) => g.sub(x, y), numberOf),
  // Products of products would grow beyond all bounds.
  onTwo((g, x, y) => g.mul(x, isFloat(y.type.dtype) ? g.cos(y) : y), numberOf),
  onTwo((g, x, y) => g.tanh(g.mul(x, y))),
  onTwo((g, x, y) => g.div(x, onePlusSquare(g, y))),
  onTwo(
    (g, x, y) => g.div(x, y),
    (scene) => pickWhere(scene, ({ type }) => type.dtype === "i32"),
  ),
  onTwo((g, x, y) => g.max(x, y), numberOf),
  onTwo((g, x, y) => g.min(x, y), numberOf),
  onTwo((g, x, y) => g.logAddExp(x, g.pow(onePlusSquare(g, x), g.tanh(y)))),
  unlessSmooth(onTwo((g, x, y) => g.mod(x, onePlusSquare(g, y)))),
  unlessSmooth(compared((g, x, y) => g.eq(x, y))),
  unlessSmooth(compared((g, x, y) => g.lt(x, y))),
  unlessSmooth(compared((g, x, y) => g.le(x, y))),
  onTwo((g, x, y) => g.and(x, g.not(y)), boolOf),
  onTwo((g, x, y) => g.or(g.not(x), y), boolOf),
  (scene) => {
    const condition = boolOf(scene);
    const x =
      condition && pickWhere(scene, ({ type }) => isFloat(type.dtype) && sameDims(type.dims, condition.type.dims));
    return condition && x && scene.g.select(condition, x, pickWhere(scene, (y) => sameType(y.type, x.type)) ?? x);
  },
];

/** What the passes are for: things that need not be there. */
const redundant: readonly Producer[] = [
  onNumber((g, x) => g.add(x, 0)),
  onNumber((g, x) => g.add(0, x)),
  onNumber((g, x) => g.mul(x, 1)),
  onNumber((g, x) => g.sub(0, x)),
  onFloat((g, x) => g.mul(-1, x)),
  onNumber((g, x) => g.neg(g.neg(x))),
  onTwo((g, x, y) => g.add(x, g.neg(y)), numberOf),
  onTwo((g, x, y) => g.neg(g.sub(x, y)), numberOf),
  onTwo((g, x, y) => g.add(g.tanh(g.add(x, y)), g.tanh(g.add(x, y)))),
  onFloat((g, x) => g.abs(g.neg(g.abs(x)))),
  onNumber((g, x) => g.cast(x, { dtype: x.type.dtype })),
  onNumber((g, x) => g.reduceSum(x, { axes: [] })),
  onFloat((g, x) => {
    const order = [...allAxes(x)].reverse();
    return g.transpose(g.transpose(x, { order }), { order });
  }),
  onFloat((g, x) => {
    const axes = allAxes(x);
    return g.reverse(g.reverse(x, { axes }), { axes });
  }),
  onFloat((g, x) => g.mul(x, g.add(g.mul(scalarConstant(g, 2, x.type.dtype), 3), 1))),
];

const shapes: readonly Producer[] = [
  onNumber((g, x) => g.reshape(x, { dims: [multiplyDims(...x.type.dims)] })),
  onNumber((g, x) => (x.type.dims.length < MOST_AXES ? g.reshape(x, { dims: [...x.type.dims, 1] }) : undefined)),
  onNumber((g, x) => g.transpose(x, { order: [...allAxes(x)].reverse() })),
  onNumber((g, x, { draw }) => g.transpose(x, { order: shuffled(draw, allAxes(x)) })),
  onNumber((g, x, { draw }) => {
    const dims = x.type.dims;
    if (dims.length >= MOST_AXES) return undefined;
    const at = draw.below(dims.length + 1);
    const axes = allAxes(x).map((axis) => axis + (axis >= at ? 1 : 0));
    return g.broadcast(x, { dims: dims.toSpliced(at, 0, draw.pick<Dim>([2, "B", "T"])), axes });
  }),
  onNumber((g, x) => {
    const { dims } = x.type;
    const limit = dims.map((dim, axis) => (axis === 0 ? 1 : dim));
    return dims.length === 0 ? undefined : g.slice(x, { start: dims.map(() => 0), limit, step: dims.map(() => 1) });
  }),
  onNumber((g, x) => {
    const axis = knownAxis(x, 2);
    if (axis < 0) return undefined;
    const { dims } = x.type;
    return g.slice(x, { start: dims.map(() => 0), limit: dims, step: dims.map((_, i) => (i === axis ? 2 : 1)) });
  }),
  onNumber((g, x, { draw }) => {
    const counts = (): readonly number[] => x.type.dims.map(() => draw.below(2));
    return g.pad(x, scalarConstant(g, 1, x.type.dtype), {
      low: counts(),
      high: counts(),
      // Between elements only along one axis, or repeated padding would make tensors large.
      interior: x.type.dims.map((_, axis) => (axis === 0 && draw.chance(0.3) ? 1 : 0)),
    });
  }),
  onTwo((g, x, y) => (x.type.dims.length === 0 ? x : g.concat([x, y, x], { axis: x.type.dims.length - 1 })), numberOf),
  onNumber((g, x) => (x.type.dims.length === 0 ? undefined : g.concat([x], { axis: 0 }))),
  onNumber((g, x, { draw }) => g.reverse(x, { axes: allAxes(x).filter(() => draw.chance(0.6)) })),
];

const indexed: readonly Producer[] = [
  onFloat((g, x) => {
    const axis = knownAxis(x);
    if (axis < 0) return undefined;
    const size = x.type.dims[axis] as number;
    const indices = g.constant({ dtype: "i32", dims: [3], data: [0, size - 1, 0] });
    return g.gather(x, indices, { axis, batch: 0 });
  }),
  // One index, which looks up a whole part of x.
  (scene) => {
    const x = floatOf(scene);
    const at = pickWhere(scene, ({ type }) => type.dtype === "i32" && type.dims.length === 0);
    if (x === undefined || at === undefined || knownAxis(x) !== 0) return undefined;
    const index = scene.g.mod(at, scene.g.size({ dtype: "i32", dim: x.type.dims[0] }));
    return scene.g.gather(x, index, { axis: 0, batch: 0 });
  },
  // One row of indices for each row of x; some more than once.
  onFloat((g, x, { draw }) => {
    const [rows, size] = x.type.dims;
    if (typeof size !== "number" || size < 1) return undefined;
    const row = [draw.below(size), draw.below(size), draw.below(size)];
    const indices = g.broadcast(g.constant({ dtype: "i32", dims: [3], data: row }), { dims: [rows, 3], axes: [1] });
    const parts = g.gather(x, indices, { axis: 1, batch: 1 });
    return draw.chance(0.5) ? parts : g.scatterAdd(g.cos(x), indices, g.sin(parts), { axis: 1, batch: 1 });
  }),
  onFloat((g, x) => {
    if (knownAxis(x) !== 0) return undefined;
    const indices = g.constant({ dtype: "i32", dims: [2], data: [0, 0] });
    return g.scatterAdd(x, indices, g.sin(g.gather(x, indices, { axis: 0, batch: 0 })), { axis: 0, batch: 0 });
  }),
  (scene) => {
    const x = floatOf(scene);
    const at = pickWhere(scene, ({ type }) => type.dtype === "i32" && type.dims.length === 0);
    if (x === undefined || at === undefined || x.type.dims.length === 0) return undefined;
    const start = scene.g.broadcast(at, { dims: [x.type.dims.length], axes: [] });
    const window = scene.g.dynamicSlice(x, start, { sizes: x.type.dims.map(() => 1) });
    return scene.draw.chance(0.5) ? window : scene.g.dynamicUpdateSlice(x, scene.g.neg(window), start);
  },
  onFloat((g, x, { draw }) =>
    x.type.dims.length === 0
      ? undefined
      : g.cumsum(x, { axis: draw.below(x.type.dims.length), reverse: draw.chance(0.5) }),
  ),
  onTwo((g, x, y) => {
    const rank = x.type.dims.length;
    if (rank === 0) return x;
    const h0 = g.reduceSum(x, { axes: [0] });
    return g.linearRecurrence(g.tanh(x), y, h0, { axis: 0, reverse: rank > 1 });
  }),
  onTwo((g, x, y) => {
    const rank = x.type.dims.length;
    if (rank === 0) return x;
    const [c, s] = [g.cos(x), g.sin(x)];
    const h0 = g.reduceSum(y, { axes: [0] });
    return g.coupledRecurrence([c, g.neg(s), s, c, x, y, h0, g.neg(h0)], { axis: 0, reverse: rank > 1 });
  }),
];

const overlapping: readonly Producer[] = [
  onFloat((g, x, { draw }) =>
    x.type.dims.length === 0
      ? undefined
      : g.cummax(x, { axis: draw.below(x.type.dims.length), reverse: draw.chance(0.5) }),
  ),
  onFloat((g, x, { draw }) =>
    x.type.dims.length === 0
      ? undefined
      : g.cumlogsumexp(g.sin(x), { axis: draw.below(x.type.dims.length), reverse: draw.chance(0.5) }),
  ),
  onNumber((g, x, { draw }) => {
    const { dims } = x.type;
    if (dims.length === 0 || dims.length >= MOST_AXES) return undefined;
    const axes = [draw.below(dims.length)];
    return g.windows(x, { axes, sizes: [1], steps: [1 + draw.below(2)], dilations: [1] });
  }),
  onFloat((g, x, { draw }) => {
    const axis = knownAxis(x, 2);
    if (axis < 0) return undefined;
    const steps = { axes: [axis], steps: [1 + draw.below(2)], dilations: [1] };
    const parts = g.sin(g.windows(x, { ...steps, sizes: [2] }));
    return g.overlapAdd(parts, { ...steps, lengths: [x.type.dims[axis]] });
  }),
];

const contracted: readonly Producer[] = [
  onNumber((g, x, { draw }) => g.reduceSum(x, { axes: allAxes(x).filter(() => draw.chance(0.5)) })),
  onFloat((g, x, { draw }) => g.reduceMax(x, { axes: allAxes(x).filter(() => draw.chance(0.5)) })),
  (scene) => {
    const x = floatOf(scene);
    if (x === undefined || x.type.dims.length === 0) return undefined;
    const index = scene.g.argmax(x, { axis: 0 });
    scene.floating.add(index);
    return index;
  },
  (scene) => {
    const x = pickWhere(scene, ({ type }) => isFloat(type.dtype) && type.dims.at(-1) === 3);
    const W =
      x && pickWhere(scene, ({ type }) => type.dtype === x.type.dtype && type.dims.length < 3 && type.dims[0] === 3);
    if (x === undefined || W === undefined) return undefined;
    const contractX = [x.type.dims.length - 1];
    return scene.g.tanh(scene.g.dotGeneral(x, W, { contractX, contractY: [0], batchX: [], batchY: [] }));
  },
  // A factor, and what is added, as views: read from the end, or with their axes exchanged.
  (scene) => {
    const { g, draw } = scene;
    const W = pickWhere(
      scene,
      ({ type: { dtype, dims } }) => isFloat(dtype) && dims.length === 2 && dims[0] === dims[1],
    );
    const x = W && pickWhere(scene, ({ type }) => type.dtype === W.type.dtype && type.dims.at(-1) === W.type.dims[0]);
    if (W === undefined || x === undefined) return undefined;
    const seen = (value: Value): Value => g.reverse(value, { axes: allAxes(value).filter(() => draw.chance(0.4)) });
    const contractX = [x.type.dims.length - 1];
    const product = g.dotGeneral(seen(x), seen(W), { contractX, contractY: [draw.below(2)], batchX: [], batchY: [] });
    return g.tanh(draw.chance(0.5) ? g.add(product, seen(x)) : product);
  },
  onTwo((g, x, y) => {
    if (x.type.dims.length < 2) return g.mul(x, y);
    return g.tanh(g.dotGeneral(x, y, { contractX: [1], contractY: [1], batchX: [0], batchY: [0] }));
  }),
];

const sources: readonly Producer[] = [
  (scene) => scene.g.constant({ dtype: floatType(scene), dims: [2, 2], data: [1, -0.5, 0, 2] }),
  ({ g, draw }) => g.constant({ dtype: "f64", dims: ["B", 3], data: [draw.pick([0, 1, 0.3])] }),
  ({ g }) => g.constant({ dtype: "bool", dims: [], data: [1] }),
  ({ g, draw }) => g.iota({ dtype: draw.pick<DType>(["i32", "f64"]), dims: ["B", 3], axis: draw.below(2) }),
  ({ g, draw }) => g.size({ dtype: draw.pick<DType>(["i32", "f64"]), dim: draw.pick<Dim>(["B", "T", 4]) }),
  (scene) => {
    const drawable = (wanted: TensorType): Value | undefined =>
      pickWhere(scene, (value) => sameType(value.type, wanted) && !scene.floating.has(value));
    const key = drawable({ dtype: "u32", dims: [2] });
    const step = drawable({ dtype: "i32", dims: [] });
    if (key === undefined || step === undefined) return undefined;
    const bits = scene.g.randomBits(key, step, { stream: scene.draw.pick(["a", "b"]), dims: ["B", 3] });
    return scene.g.mul(scene.g.cast(bits, { dtype: "f64" }), 2 ** -32);
  },
];

const conversions: readonly Producer[] = [
  unlessSmooth(onFloat((g, x) => g.cast(x, { dtype: x.type.dtype === "f32" ? "f64" : "f32" }))),
  (scene) => {
    const x = pickWhere(scene, (value) => !isFloat(value.type.dtype) && !scene.floating.has(value));
    return x && scene.g.tanh(scene.g.cast(x, { dtype: floatType(scene) }));
  },
];

/** Ops that made integers or masks from floats taint what is made of them. */
const tainting =
  (producer: Producer): Producer =>
  (scene) => {
    const value = producer(scene);
    if (value !== undefined && !isFloat(value.type.dtype) && scene.pool.some((from) => scene.floating.has(from)))
      scene.floating.add(value);
    return value;
  };

export const producers: readonly Producer[] = [
  ...unary,
  ...binary,
  ...redundant,
  ...shapes,
  ...indexed,
  ...overlapping,
  ...contracted,
  ...sources,
  ...conversions,
].map(tainting);
