// Random scans and calls: regions grown like graphs, over values of their own and some of those around them.
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { cond, whileLoop } from "../src/graph/control-builder.js";
import { call, scan } from "../src/graph/scan-builder.js";
import type { Value } from "../src/ops/op.js";
import { isFloat, sameType, type DType } from "../src/shape/tensor-type.js";
import type { Draw } from "./random-draw.js";
import type { Scene } from "./random-nodes.js";

const REGION_DRAWS = 5;

/** The sum of a value's elements, squashed so that no input of it dominates. */
export function scalarOf(g: GraphBuilder, value: Value, dtype: DType): Value {
  const squashed = isFloat(value.type.dtype) ? g.sin(value) : value;
  const sum = g.reduceSum(squashed, { axes: value.type.dims.map((_, axis) => axis) });
  return value.type.dtype === dtype ? sum : g.cast(sum, { dtype });
}

/** A next carry that is linear in the carry, where the other values are not made of it. */
function linearIn(g: GraphBuilder, draw: Draw, carry: Value, x: Value, y: Value): Value {
  const decay = g.cos(x);
  const forms: readonly (() => Value)[] = [
    () => x,
    () => carry,
    () => g.sub(g.tanh(x), carry),
    () => g.add(g.mul(decay, carry), g.sin(y)),
    () => g.add(carry, g.mul(g.sigmoid(x), g.sub(g.tanh(y), carry))),
    () => g.select(g.lt(g.size({ dtype: "i32", dim: "B" }), 2), g.div(carry, g.add(1, g.mul(x, x))), g.neg(carry)),
  ];
  return draw.pick(forms)();
}

/** A next carry: of the type of `carry`, and mostly made of it and another value; else itself, a constant, or another carry. */
function nextCarry({ g, pool, draw }: Scene, carry: Value, carries: readonly Value[] = []): Value {
  if (carry.type.dtype === "bool") return g.not(carry);
  if (draw.chance(0.1)) return draw.pick(carries.filter((other) => sameType(other.type, carry.type)).concat(carry));
  if (draw.chance(0.05)) return g.constant({ ...carry.type, data: [1] });
  if (!isFloat(carry.type.dtype)) return g.add(carry, 1);
  const same = pool.filter((value) => value !== carry && sameType(value.type, carry.type));
  if (same.length > 0 && draw.chance(0.4)) return linearIn(g, draw, carry, draw.pick(same), draw.pick(same));
  if (same.length > 0) return g.tanh(g.add(carry, draw.pick(same)));
  const floats = pool.filter((value) => isFloat(value.type.dtype));
  // A sum of the carry's own elements would multiply what was rounded by their number, in every step.
  const part = g.mul(scalarOf(g, draw.pick(floats), carry.type.dtype), 1 / 16);
  return g.sin(g.add(carry, g.broadcast(part, { dims: carry.type.dims, axes: [] })));
}

const some = <T>(scene: Scene, values: readonly T[], count: number): readonly T[] => {
  const left = [...values];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(scene.draw.below(left.length), 1)[0]);
};

/** How long examples take part: as the graph is given it, or made from floats. */
function lengthsFor({ g, pool, draw, smooth, lengths }: Scene): Value {
  const floats = pool.filter(({ type }) => isFloat(type.dtype) && type.dims.length === 1 && type.dims[0] === "B");
  if (smooth || floats.length === 0 || draw.chance(0.5)) return lengths;
  return g.cast(g.mul(draw.pick(floats), 4), { dtype: "i32" });
}

/** Results of a scan with one to three carries and up to two xs. */
export function randomScan(scene: Scene): readonly Value[] {
  const { g, pool, draw, depth, smooth } = scene;
  const withLengths = draw.chance(0.35);
  const isCarry = ({ type }: Value): boolean =>
    withLengths ? isFloat(type.dtype) && type.dims[0] === "B" : type.dims.length < 3;
  const init = some(
    scene,
    pool.filter((value) => isCarry(value) && !scene.floating.has(value)),
    1 + draw.below(4),
  );
  if (init.length === 0) return [];
  const stackable = pool.filter(({ type }) => type.dims[0] === "T" && !withLengths);
  const ofLengths = pool.filter(({ type }) => type.dims[0] === "T");
  const xs = some(scene, withLengths ? ofLengths : stackable, draw.below(3));
  const { final, y } = scan<string, string, string>(
    g,
    {
      name: draw.pick(["step", "cell/0", "odd body"]),
      init: Object.fromEntries(init.map((value, i) => [`c${i}`, value])),
      xs: Object.fromEntries(xs.map((value, i) => [`x${i}`, value])),
      length: xs.length > 0 ? "T" : draw.pick<number | string>([1, 3, "T", "T+1"]),
      reverse: draw.chance(0.4),
      ...(withLengths ? { lengths: lengthsFor(scene), outputs: draw.pick(["zero", "hold"]) } : {}),
      checkpoint: draw.pick<"none" | "sqrt" | number>(["none", "none", "sqrt", 1, 2]),
      ...(!smooth && draw.chance(0.2) ? { truncate: { k1: 1 + draw.below(3), k2: 1 + draw.below(3) } } : {}),
    },
    (body, { carry, x, t }) => {
      const outer = some(
        scene,
        pool.filter((value) => value.type.dims.length < 3),
        3,
      );
      const carries = Object.values(carry);
      const inner: Scene = {
        ...scene,
        g: body,
        pool: [...outer, ...Object.values(x), ...carries, t],
        depth: depth - 1,
      };
      scene.grow(inner, 1 + draw.below(REGION_DRAWS));
      const fits = ({ type }: Value): boolean => (withLengths ? type.dims[0] === "B" : type.dims.length < 3);
      const ys = some(inner, inner.pool.filter(fits), draw.below(4));
      return {
        carry: Object.fromEntries(Object.entries(carry).map(([key, value]) => [key, nextCarry(inner, value, carries)])),
        y: Object.fromEntries(ys.map((value, i) => [`y${i}`, value])),
      };
    },
  );
  return [...Object.values(final), ...Object.values(y)];
}

/** Results of a choice between two regions, each grown by itself. */
export function randomCond(scene: Scene): readonly Value[] {
  const { g, pool, draw, depth } = scene;
  const predicate =
    pool.find(({ type }) => type.dtype === "bool" && type.dims.length === 0) ??
    g.lt(g.size({ dtype: "i32", dim: "T" }), 1 + draw.below(4));
  const outer = some(
    scene,
    pool.filter((value) => !scene.floating.has(value)),
    4,
  );
  const results = outer.filter(({ type }) => isFloat(type.dtype)).slice(0, 1 + draw.below(2));
  if (results.length === 0) return [];
  const branch = (region: GraphBuilder): Readonly<Record<string, Value>> => {
    const inner: Scene = { ...scene, g: region, pool: [...outer], depth: depth - 1 };
    scene.grow(inner, 1 + draw.below(REGION_DRAWS));
    return Object.fromEntries(results.map((value, i) => [`r${i}`, nextCarry(inner, value)]));
  };
  return Object.values(cond(g, predicate, { then: branch, otherwise: branch }));
}

/** Results of a loop that counts, over numbers that no gradient is asked for. */
export function randomWhile({ g, draw }: Scene): readonly Value[] {
  const init = {
    i: g.size({ dtype: "i32", dim: draw.pick(["B", 1]) }),
    x: g.iota({ dtype: "f64", dims: ["B", 3], axis: 1 }),
  };
  const most = g.size({ dtype: "i32", dim: "T" });
  const reversed = draw.chance(0.5);
  const { i, x } = whileLoop(
    g,
    { init, limit: 20 },
    {
      test: (region, carry) => region.le(carry.i, most),
      step: (region, carry) => ({
        i: region.add(carry.i, 1),
        x: region.sin(region.add(carry.x, reversed ? region.reverse(carry.x, { axes: [1] }) : 1)),
      }),
    },
  );
  return [i, x];
}

/** Results of a call of a graph with one to three parameters. */
export function randomCall(scene: Scene): readonly Value[] {
  const { g, pool, draw, depth } = scene;
  const inputs = some(
    scene,
    pool.filter((value) => !scene.floating.has(value)),
    1 + draw.below(3),
  );
  const callee = buildGraph(draw.pick(["twice", "odd callee"]));
  const inner: Scene = {
    ...scene,
    g: callee,
    lengths: callee.param("lengths", scene.lengths.type),
    pool: inputs.map((value, i) => callee.param(`a${i}`, value.type)),
    depth: depth - 1,
  };
  scene.grow(inner, 1 + draw.below(REGION_DRAWS));
  const outputs = Object.fromEntries(inner.pool.slice(-2).map((value, i) => [`r${i}`, value]));
  const region = callee.build(outputs);
  const given = Object.fromEntries(inputs.map((value, i) => [`a${i}`, value]));
  return Object.values(call(g, region, { ...given, lengths: scene.lengths }));
}
