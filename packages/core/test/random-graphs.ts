// Random graphs that are correct by construction: most ops on safe values, several types, symbolic dims, scans in
// scans with every option, calls. The same seed gives the same graph. Used by the tests of everything that maps graphs.
import { buildGraph } from "../src/graph/builder.js";
import type { Graph, StatePair } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { bindDims, f32, f64, i32, isFloat, u32, type Dims, type TensorType } from "../src/shape/tensor-type.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import { elementCount } from "../src/shape/strides.js";
import { drawFrom, type Draw } from "./random-draw.js";
import { producers, type Scene } from "./random-nodes.js";
import { randomCall, randomCond, randomScan, randomWhile, scalarOf } from "./random-regions.js";

export interface RandomGraphOptions {
  /** Nodes are drawn this many times in the outermost graph. Default 14. */
  readonly draws?: number;
  /** Regions inside regions. Default 2. */
  readonly depth?: number;
  /** Only what has a derivative that central differences confirm: no stopGradient, truncation, steps or rounding to f32. Default false. */
  readonly smooth?: boolean;
}

export interface RandomGraph {
  /** Its first output is "loss", an f64 scalar that depends on most values. */
  readonly graph: Graph;
  /** Sizes of its symbols B and T. */
  readonly bindings: Readonly<Record<string, number>>;
  /** A value for every parameter. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The float parameters. */
  readonly wrt: readonly string[];
}

const LEADING: readonly Dims[] = [[], ["B"], ["T", "B"], [2], ["B", 3]];

/** The graph of a seed, with sizes and inputs to run it on. */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): RandomGraph {
  const draw = drawFrom(`random graph ${seed}`);
  const { draws = 14, depth = 2, smooth = false } = options;
  const g = buildGraph(`random-${seed}`);
  const floats = smooth ? [f64] : [f32, f64];
  const pool = [
    g.param("x", f64("T", "B", 3), "/inputs/x"),
    g.param("W", draw.pick(floats)(3, 3)),
    g.param("h'", f64("B", 3)),
    ...Array.from({ length: 1 + draw.below(3) }, (_, i) => g.param(`p${i}`, draw.pick(floats)(...draw.pick(LEADING)))),
    g.param("count of", i32()),
    g.param("key", u32(2)),
  ];
  const lengths = g.param("lengths", i32("B"));
  const scene: Scene = { g, pool, draw, depth, smooth, lengths, floating: new WeakSet(), grow };
  grow(scene, draws);
  const outputs = outputsOf(scene);
  const state: readonly StatePair[] = outputs.state === undefined ? [] : [{ param: "W", next: "state" }];
  const graph = g.build(outputs, state);
  const bindings = { B: 1 + draw.below(3), T: 1 + draw.below(5) };
  return {
    graph,
    bindings,
    inputs: Object.fromEntries(graph.params.map(({ name, type }) => [name, randomTensor(name, type, bindings, draw)])),
    wrt: graph.params.filter(({ type }) => isFloat(type.dtype)).map(({ name }) => name),
  };
}

const regions = [randomScan, randomScan, randomScan, randomCall, randomCond, randomWhile];

/** Draws nodes into the pool. */
function grow(scene: Scene, draws: number): void {
  const { g, pool, draw, depth } = scene;
  for (let i = 0; i < draws; i++) {
    g.at(draw.chance(0.3) ? `/layers/${i}:${draw.below(9)}` : undefined, () => {
      if (depth > 0 && draw.chance(0.25)) {
        const results = draw.pick(regions)(scene);
        for (const value of results) if (!isFloat(value.type.dtype)) scene.floating.add(value);
        pool.push(...results);
      } else {
        const value = draw.pick(producers)(scene);
        // What a producer hands through is someone else's to name: a parameter, or a value from around a region.
        if (value !== undefined && !pool.includes(value))
          pool.push(draw.chance(0.1) ? g.named(draw.pick(["gate", "c'", "odd name"]), value) : value);
      }
    });
  }
}

function outputsOf({ g, pool, draw }: Scene): Readonly<Record<string, Value>> {
  const floats = pool.filter((value) => isFloat(value.type.dtype));
  const chosen = floats.filter((_, i) => i > floats.length - 6 || draw.chance(0.4));
  const loss = chosen.map((value) => scalarOf(g, value, "f64")).reduce((sum, value) => g.add(sum, value));
  const extra = pool.slice(-2).map((value, i): [string, Value] => [`extra ${i}`, value]);
  const W = pool[1];
  const next: readonly [string, Value][] = draw.chance(0.3) ? [["state", g.sub(W, g.mul(W, 0.1))]] : [];
  return { loss, ...Object.fromEntries([...extra, ...next]) };
}

function randomTensor(name: string, type: TensorType, bindings: Readonly<Record<string, number>>, draw: Draw): Tensor {
  const bound: TensorType = { dtype: type.dtype, dims: bindDims(type.dims, bindings) };
  const element: Readonly<Record<TensorType["dtype"], () => number>> = {
    f32: () => Math.fround(draw.number() * 2 - 1),
    f64: () => draw.number() * 2 - 1,
    i32: () => (name === "lengths" ? draw.below(bindings.T + 2) : draw.below(4)),
    u32: () => draw.below(2 ** 32),
    bool: () => draw.below(2),
  };
  return { type: bound, data: Float64Array.from({ length: elementCount(sizesOf(bound)) }, element[type.dtype]) };
}
