/** What scan and call compute, against plain loops written here, and what they refuse. */
import { describe, expect, test } from "vitest";
import { GraphError, ShapeError, type LatchgradError } from "../src/errors/errors.js";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { matmul } from "../src/graph/derived.js";
import { evaluate } from "../src/graph/evaluate.js";
import { call, scan } from "../src/graph/scan-builder.js";
import { hashText } from "../src/ops/hash-text.js";
import { ops } from "../src/ops/index.js";
import type { Value } from "../src/ops/op.js";
import { scan as scanOp } from "../src/ops/scan.js";
import type { ScanAttrs } from "../src/ops/scan-inputs.js";
import { f32, f64, i32, u32, type TensorType } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";

const numbers = (type: TensorType, ...data: readonly number[]): Tensor => ({ type, data: Float64Array.from(data) });

/** s_t = s_(t-1) · 2 + x_t, with y_t = 10 · s_t + t; x f64[T,B]. */
function doubling(options: {
  readonly reverse?: boolean;
  readonly outputs?: "zero" | "hold";
}): (
  x: readonly (readonly number[])[],
  start: readonly number[],
  lengths?: readonly number[],
) => { s: number[]; y: number[] } {
  const g = buildGraph("doubling");
  const lengths = options.outputs === undefined ? {} : { lengths: g.param("lengths", i32("B")) };
  const { final, y } = scan(
    g,
    { init: { s: g.param("start", f64("B")) }, xs: { x: g.param("x", f64("T", "B")) }, ...options, ...lengths },
    (step, { carry: { s }, x: { x }, t }) => {
      const next = step.add(step.mul(s, 2), x);
      return { carry: { s: next }, y: { y: step.add(step.mul(next, 10), step.cast(t, { dtype: "f64" })) } };
    },
  );
  const graph = g.build({ s: final.s, y: y.y });
  return (x, start, given) => {
    const results = evaluate(graph, {
      x: numbers(f64(x.length, start.length), ...x.flat()),
      start: numbers(f64(start.length), ...start),
      ...(given === undefined ? {} : { lengths: numbers(i32(given.length), ...given) }),
    });
    return { s: [...results.s.data], y: [...results.y.data] };
  };
}

describe("scan", () => {
  const x = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];

  test("hands carries from step to step and stacks ys", () => {
    expect(doubling({})(x, [100, 200])).toEqual({ s: [815, 1622], y: [2010, 4020, 4051, 8081, 8152, 16222] });
  });

  test("with reverse goes from the last step to the first, and ys stay in place", () => {
    // s: 5 → 13 → 27 and 6 → 16 → 34
    expect(doubling({ reverse: true })(x, [0, 0])).toEqual({ s: [27, 34], y: [270, 340, 131, 161, 52, 62] });
  });

  test("with lengths holds the carries of examples that have ended, and zeros their ys", () => {
    expect(doubling({ outputs: "zero" })(x, [0, 7], [1, 0])).toEqual({ s: [1, 7], y: [10, 0, 0, 0, 0, 0] });
  });

  test("or holds their ys", () => {
    expect(doubling({ outputs: "hold" })(x, [0, 7], [1, 2])).toEqual({ s: [1, 36], y: [10, 160, 10, 361, 10, 361] });
  });

  test("with lengths and reverse starts each example at its own last step", () => {
    const { s, y } = doubling({ reverse: true, outputs: "zero" })(x, [0, 0], [2, 3]);
    expect(s).toEqual([7, 34]);
    expect(y).toEqual([70, 340, 31, 161, 0, 62]);
  });

  test("one step, and steps counted without xs", () => {
    expect(doubling({})([[4]], [1])).toEqual({ s: [6], y: [60] });
    const g = buildGraph("count");
    const { final } = scan(
      g,
      { init: { n: g.constant({ dtype: "i32", dims: [], data: [0] }) }, length: 7 },
      (step, { carry: { n }, t }) => ({
        carry: { n: step.add(n, t) },
        y: {},
      }),
    );
    expect([...evaluate(g.build({ n: final.n }), {}).n.data]).toEqual([21]);
  });

  test("random numbers of a step depend on the step, not on the direction or on what ran before", () => {
    const bits = (reverse: boolean): readonly number[] => {
      const g = buildGraph("random");
      const key = g.param("key", u32(2));
      const { y } = scan(g, { init: {}, length: 4, reverse }, (step, { t }) => ({
        carry: {},
        y: { bits: step.randomBits(key, t, { stream: "mask", dims: [2] }) },
      }));
      return [...evaluate(g.build({ bits: y.bits }), { key: numbers(u32(2), 1, 2) }).bits.data];
    };
    expect(bits(true)).toEqual(bits(false));
    expect(new Set(bits(false)).size).toBe(8);
    expect(hashText("mask")).not.toBe(hashText("mask2"));
  });

  test("the body may use values of every graph around it; each becomes one const per level", () => {
    const g = buildGraph("capture");
    const w = g.param("w", f64());
    const { final } = scan(g, { init: { s: g.param("s", f64()) }, length: 2 }, (outer, { carry: { s } }) => {
      const inner = scan(outer, { init: { s }, length: 3 }, (step, { carry }) => ({
        carry: { s: step.add(step.mul(carry.s, w), w) },
        y: {},
      }));
      return { carry: { s: outer.add(inner.final.s, w) }, y: {} };
    });
    const graph = g.build({ s: final.s });
    expect(graph.nodes[0].attrs.consts).toBe(1);
    expect(graph.nodes[0].regions[0].nodes[0].attrs.consts).toBe(1);
    // s → w³s + w³ + w² + w + w, twice, for w = 2: s → 8s + 16
    expect([...evaluate(graph, { w: numbers(f64(), 2), s: numbers(f64(), 1) }).s.data]).toEqual([208]);
  });
});

describe("scan refuses", () => {
  const attrs: ScanAttrs = {
    consts: 1,
    carries: 1,
    length: 3,
    reverse: false,
    lengths: "none",
    checkpoint: 0,
    truncate: [],
  };

  function body(g: GraphBuilder, result: (step: GraphBuilder, h: Value) => Value = (_, h) => h) {
    const region = g.inner("step");
    const h = [region.param("w", f32(2)), region.param("h", f32(4)), region.param("x", f32(5))][1];
    region.param("t", i32());
    return region.build({ h: result(region, h) });
  }
  const good: readonly TensorType[] = [f32(2), f32(4), f32(3, 5)];

  function refusal(
    types: readonly TensorType[],
    changed: Partial<ScanAttrs> = {},
    result?: Parameters<typeof body>[1],
  ): string {
    const g = buildGraph("refused");
    const inputs = types.map((type, i) => g.param(`in${i}`, type));
    try {
      g.node({ op: scanOp, inputs, attrs: { ...attrs, ...changed }, regions: [body(g, result)] });
      return "accepted";
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      return error.issues[0].code;
    }
  }

  test("nothing that is right", () => {
    expect(refusal(good)).toBe("accepted");
  });

  test.each([
    ["C2", [f32(2), f32(4)], {}],
    ["C2", good, { consts: -1 }],
    ["C2", good, { carries: 9 }],
    ["C3", [f32(3), f32(4), f32(3, 5)], {}],
    ["C4", [f32(2), f64(4), f32(3, 5)], {}],
    ["C5", [f32(2), f32(4), f32(4, 5)], {}],
    ["C5", [f32(2), f32(4), f32("T", 5)], {}],
    ["C7", [f32(2), f32(4), f32(0, 5)], { length: 0 }],
    ["C8", [...good, i32(3)], { lengths: "zero" }],
    ["C8", [...good, f32(4)], { lengths: "hold" }],
    ["C9", good, { checkpoint: -1 }],
    ["C10", good, { truncate: [3] }],
    ["C10", good, { truncate: [3, 0] }],
    ["attribute", good, { lengths: "cut" as "zero" }],
    ["attribute", good, { length: 1.5 }],
  ] as const)("by %s: %j with %j", (label, types, changed) => {
    expect(refusal(types, changed)).toBe(`scan.${label}`);
  });

  test("a body that returns another type than the carry came in with, by C6", () => {
    expect(refusal(good, {}, (step, h) => step.cast(h, { dtype: "f64" }))).toBe("scan.C6");
  });

  test("two regions, by C1", () => {
    const g = buildGraph("refused");
    const inputs = good.map((type, i) => g.param(`in${i}`, type));
    expect(() => g.node({ op: scanOp, inputs, attrs, regions: [body(g), body(g)] })).toThrow(/scan\.C1/);
  });

  test("lengths of which it is not said how outputs look, and a number of steps that nobody gives", () => {
    const g = buildGraph("refused");
    const h = g.param("h", f32("B"));
    const same = (_: unknown, { carry }: { carry: { h: Value } }) => ({ carry, y: {} });
    expect(() => scan(g, { init: { h }, length: 3, lengths: g.param("n", i32("B")) }, same)).toThrow(GraphError);
    expect(() => scan(g, { init: { h } }, same)).toThrow(/number of steps/);
  });
});

describe("call", () => {
  test("runs a graph as an op, with names for its inputs and outputs", () => {
    const inner = buildGraph("affine");
    const affine = inner.build({
      out: inner.add(
        matmul(inner, inner.param("x", f64("B", 2)), inner.param("W", f64(2, 1))),
        inner.param("b", f64(1)),
      ),
    });
    const g = buildGraph("caller");
    const x = g.param("x", f64("B", 2));
    const { out } = call(g, affine, { x, W: g.param("W", f64(2, 1)), b: g.param("b", f64(1)) });
    const results = evaluate(g.build({ out }), {
      x: numbers(f64(2, 2), 1, 2, 3, 4),
      W: numbers(f64(2, 1), 10, 1),
      b: numbers(f64(1), 0.5),
    });
    expect([...results.out.data]).toEqual([12.5, 34.5]);
    expect(() => call(g, affine, { x })).toThrow(/parameter W/);
  });

  test("refuses operands of other types", () => {
    const inner = buildGraph("same");
    const region = inner.build({ x: inner.param("x", f32(3)) });
    const g = buildGraph("caller");
    const codes = [[g.param("a", f32(4))], []].map((inputs) => {
      try {
        g.node({ op: ops.call, inputs, regions: [region] });
        return "accepted";
      } catch (error) {
        return (error as LatchgradError).issues[0].code;
      }
    });
    expect(codes).toEqual(["call.C2", "call.C2"]);
    expect(() => g.node({ op: ops.call, inputs: [], regions: [] })).toThrow(/call\.C1/);
  });
});
