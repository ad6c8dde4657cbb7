// What a mapping can say, and what is told when it does not fit the model or the source.
import { fc, test as property } from "@fast-check/vitest";
import { LatchgradError, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import {
  encodeSafetensors,
  importWeights,
  mappings,
  readMapping,
  type ImportedWeights,
  type ImportingModel,
} from "../src/index";
import { issuesOf, problemsOf } from "./support";

/** Numbers that count up: 0, 1, 2, ... */
const counting = (...dims: readonly number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

/** A model of layers whose weights are all that matters. */
function modelOf(
  layers: readonly { readonly name: string; readonly [key: string]: unknown }[],
  weights: Readonly<Record<string, readonly number[]>>,
): ImportingModel {
  const pointers = new Map(layers.map(({ name }, i) => [name, `/layers/${i}`]));
  return {
    config: { layers },
    layers: layers.map(({ name }, i) => ({ name, pointer: `/layers/${i}` })),
    params: Object.entries(weights).map(([name, dims]) => ({
      name,
      type: { dtype: "f32", dims },
      initializer: "zeros",
      trainable: true,
      origin: pointers.get(name.split(".")[0]) ?? "",
    })),
  };
}

const dense = { name: "out", type: "dense" };
const lstm = { name: "memory", type: "recurrent", cell: { type: "lstm" } };

const importFrom = (
  tensors: Readonly<Record<string, TensorData>>,
  mapping: object,
  model: ImportingModel,
): ImportedWeights => importWeights(encodeSafetensors(tensors), readMapping({ format: 1, ...mapping }), model);

describe("an expression", () => {
  /** The weight [2,3] that an expression makes of m [4,3,2], which counts up. */
  function made(expression: unknown): readonly number[] {
    const rules = [{ layer: { type: "dense" }, weights: { W: expression } }];
    const model = modelOf([dense], { "out.W": [2, 3] });
    return [...importFrom({ "out.m": counting(4, 3, 2) }, { rules }, model).weights["out.W"].data];
  }
  const of = (...steps: readonly unknown[]): object => ({ tensor: "m", steps });

  test.each([
    ["index, slice", of({ index: 1 }, { slice: [0, 3] }, "transpose"), [6, 8, 10, 7, 9, 11]],
    ["index of the last axis, block", of({ index: 1, axis: 2 }, { block: 1, of: 2 }), [13, 15, 17, 19, 21, 23]],
    [
      "block of the middle axis",
      of({ block: 2, of: 3, axis: 1 }, { index: 0, axis: 1 }, { slice: [0, 3] }, "transpose"),
      [4, 10, 16, 5, 11, 17],
    ],
    ["scale", of({ index: 3 }, "transpose", { scale: -0.5 }), [-9, -10, -11, -9.5, -10.5, -11.5]],
    ["sum", { sum: [of({ index: 0 }), of({ index: 1 })], steps: ["transpose"] }, [6, 10, 14, 8, 12, 16]],
    [
      "concat, second axis",
      {
        concat: [of({ index: 0 }, { slice: [0, 2] }), of({ index: 1 }, { slice: [1, 3] }, { slice: [1, 2], axis: 1 })],
        axis: 1,
      },
      [0, 1, 9, 2, 3, 11],
    ],
    [
      "concat, first axis",
      { concat: [of({ index: 0 }, "transpose", { slice: [0, 1] }), of({ index: 2 }, "transpose", { slice: [1, 2] })] },
      [0, 2, 4, 13, 15, 17],
    ],
    ["transpose of three axes", of("transpose", { index: 1 }, { index: 3, axis: 1 }, { slice: [0, 3] }), undefined],
  ] as const)("can say: %s", (_, expression, values) => {
    if (values === undefined) expect(() => made(expression)).toThrow(/import.shape/);
    else expect(made(expression)).toEqual(values);
  });

  test("transposes as an index says, whatever the axes", () => {
    const rules = [{ layer: {}, weights: { W: { tensor: "m", steps: ["transpose"] } } }];
    const { weights } = importFrom({ "out.m": counting(4, 3, 2) }, { rules }, modelOf([dense], { "out.W": [2, 3, 4] }));
    const expected = [0, 1].flatMap((k) => [0, 1, 2].flatMap((j) => [0, 1, 2, 3].map((i) => (i * 3 + j) * 2 + k)));
    expect([...weights["out.W"].data]).toEqual(expected);
  });

  test.each([
    ["axis", of({ index: 0, axis: 3 })],
    ["index", of({ index: 4 })],
    ["slice", of({ slice: [2, 9] })],
    ["slice", of({ slice: [2, 1] })],
    ["block", of({ block: 3, of: 3 })],
    ["block", of({ block: 0, of: 3 })],
    ["gates", of({ block: "gate" })],
    ["sum", { sum: [of(), of({ index: 0 })] }],
    ["concat", { concat: [of(), of({ index: 0, axis: 1 })] }],
    ["concat", { concat: [of(), { tensor: "none", absent: "zeros" }] }],
  ])("that cannot be computed is refused: %s", (_, expression) => {
    const [{ code, at, expected, received }, ...more] = issuesOf(() => made(expression));
    expect([code, at, more]).toEqual(["import.step", { kind: "value", name: "weight out.W" }, []]);
    expect([typeof expected, typeof received]).toEqual(["string", "string"]);
  });

  test("that is broken is refused as a document, with all problems", () => {
    const weights = {
      W: { tensor: "a", sum: ["b"] },
      b: { tensr: "a" },
      c: { tensor: "a", steps: ["turn", { block: 0, index: 1 }] },
    };
    const document = { format: 1, extends: "pytroch", layers: { memory: 1 }, rules: [{ layer: {}, weights }] };
    expect(problemsOf(() => readMapping(document))).toEqual([
      "config.choice /extends",
      "config.type /layers/memory",
      "config.invalid /rules/0/weights/W",
      "config.unknown-key /rules/0/weights/b/tensr",
      "config.invalid /rules/0/weights/b",
      "config.choice /rules/0/weights/c/steps/0",
      "config.invalid /rules/0/weights/c/steps/1",
    ]);
  });
});

describe("a place", () => {
  const rules = [{ layer: { type: "recurrent" }, weights: { W: "w{stack}{direction}" } }];
  const directions = { only: "", forward: "f", reverse: "r" };
  /** The tensor that each weight of a stack of two, in both directions, is made of. */
  function sources(layers: Readonly<Record<string, string>>, ...names: readonly string[]): readonly number[] {
    const paths = [1, 2].flatMap((n) => ["forward", "reverse"].map((each) => `memory.layer${n}.${each}.W`));
    const model = modelOf([lstm], Object.fromEntries(paths.map((path) => [path, [1]])));
    const tensors = names.map((name, i): [string, TensorData] => [name, { ...counting(1), data: Float32Array.of(i) }]);
    const { weights } = importFrom(Object.fromEntries(tensors), { rules, directions, layers }, model);
    return paths.map((path) => weights[path].data[0]);
  }

  test("is the layer's name, and names say which part of a stack is meant", () => {
    expect(sources({}, "memory.w0f", "memory.w0r", "memory.w1f", "memory.w1r")).toEqual([0, 1, 2, 3]);
  });

  test("may be another, also that of everything, or nothing", () => {
    expect(sources({ memory: "a.b" }, "a.b.w0f", "a.b.w0r", "a.b.w1f", "a.b.w1r")).toEqual([0, 1, 2, 3]);
    expect(sources({ "": "a" }, "a.memory.w0f", "a.memory.w0r", "a.memory.w1f", "a.memory.w1r")).toEqual([0, 1, 2, 3]);
    expect(sources({ memory: "" }, "w0f", "w0r", "w1f", "w1r")).toEqual([0, 1, 2, 3]);
  });

  test("of a part of a stack says what names need not say then", () => {
    const layers = { memory: "a", "memory.layer2": "b", "memory.layer1.reverse": "c" };
    expect(sources(layers, "a.w0f", "c.w0", "b.w0f", "b.w0r")).toEqual([0, 1, 2, 3]);
  });
});

describe("told is", () => {
  const pytorch = { extends: "pytorch" };
  const facts = (action: () => unknown): readonly (readonly unknown[])[] =>
    issuesOf(action).map(({ code, at, expected, received, hint }) => [
      code,
      at.kind === "config" ? at.pointer : at.kind === "equation" ? at.pointer : "name" in at ? at.name : at.kind,
      expected,
      received,
      hint,
    ]);
  const out = modelOf([dense], { "out.W": [2, 3], "out.b": [3] });
  const linear = { "out.weight": counting(3, 2), "out.bias": counting(3) };

  test("a tensor that is missing, with the place where there is one", () => {
    const elsewhere = { "model.head.weight": counting(3, 2), "model.head.bias": counting(3) };
    expect(facts(() => importFrom(elsewhere, pytorch, out))).toEqual([
      [
        "import.missing",
        "weight out.W",
        "out.weight",
        "no such tensor",
        'there is one at "model.head": "layers": {"out": "model.head"}',
      ],
    ]);
    const two = { "a.weight": counting(3, 2), "b.weight": counting(3, 2) };
    expect(facts(() => importFrom(two, pytorch, out))[0].at(-1)).toBe(
      'there is one at "a", "b"; "layers": {"out": ...} says which',
    );
    expect(facts(() => importFrom({ other: counting(1) }, pytorch, out))[0].at(-1)).toBeUndefined();
  });

  test("a weight of other dims, once for all gates, and that it would fit transposed", () => {
    const gates = ["i", "f", "g", "o"];
    const weights = gates.flatMap((gate) => [[`memory.W${gate}`, [3, 2]] as const, [`memory.b${gate}`, [2]] as const]);
    const model = modelOf([lstm], Object.fromEntries<readonly number[]>(weights));
    const source = { "memory.weight_ih_l0": counting(8, 4), "memory.bias_ih_l0": counting(8) };
    expect(facts(() => importFrom(source, pytorch, model))).toEqual([
      ["import.shape", "weight memory.Wi", "f32[3,2]", "[4,2]", undefined],
    ]);
    const untransposed = { rules: [{ layer: {}, weights: { W: "weight", b: "bias" } }] };
    expect(facts(() => importFrom(linear, untransposed, out))).toEqual([
      ["import.shape", "weight out.W", "f32[2,3]", "[3,2]", 'transposed it would fit: "steps": ["transpose"]'],
    ]);
  });

  test("a tensor at the place of a layer that becomes part of no weight, unless it is ignored", () => {
    const projected = { ...linear, "out.extra": counting(1), elsewhere: counting(1) };
    expect(facts(() => importFrom(projected, pytorch, out))).toEqual([
      ["import.unread", 'tensor "out.extra"', undefined, "F32[1]", 'if the model does without it, name it in "ignore"'],
    ]);
    const { others } = importFrom(projected, { ...pytorch, ignore: ["out.ex*"] }, out);
    expect(others).toEqual(["elsewhere"]);
  });

  test("a layer without a rule, with the rules for others of its kind", () => {
    const before = modelOf([{ ...lstm, cell: { type: "gru", reset: "before" } }], {
      "memory.Wr": [1],
      "memory.Wz": [1],
    });
    expect(facts(() => importFrom({}, pytorch, before))).toEqual([
      [
        "import.no-rule",
        "/layers/0",
        undefined,
        'the layer "memory"',
        'there is a rule for {"type":"recurrent","cell":{"type":"gru","reset":"after"}}',
      ],
    ]);
  });

  test("a weight that its rule does not make", () => {
    const model = modelOf([dense], { "out.W": [2, 3], "out.scale": [3] });
    expect(facts(() => importFrom(linear, pytorch, model))).toEqual([
      ["import.no-weight", "weight out.scale", '"scale" among its weights', "W, b", undefined],
    ]);
  });

  test("a place for a layer that there is not", () => {
    expect(facts(() => importFrom(linear, { ...pytorch, layers: { aut: "out" } }, out))).toEqual([
      ["import.unknown-layer", "layer aut", undefined, undefined, 'did you mean "out"?'],
    ]);
  });

  test("a pattern that means several tensors", () => {
    const rules = [{ layer: {}, weights: { W: { tensor: "*/w" }, b: "b" } }];
    const source = {
      "out/x/w": counting(2, 3),
      "out/y/w": counting(2, 3),
      "out/x/y/w": counting(1),
      "out/b": counting(3),
    };
    expect(facts(() => importFrom(source, { rules, separator: "/" }, out))).toEqual([
      ["import.ambiguous", "weight out.W", "out/*/w", "out/x/w, out/y/w", undefined],
    ]);
  });

  test("a stack, or a direction, whose parts would all get the same numbers", () => {
    const model = modelOf([lstm], { "memory.layer1.forward.W": [1], "memory.layer1.reverse.W": [1] });
    const mapping = (W: string): object => ({ rules: [{ layer: {}, weights: { W } }] });
    expect(facts(() => importFrom({ "memory.w": counting(1) }, mapping("w"), model))).toEqual([
      [
        "import.stack",
        "weight memory.layer1.forward.W",
        "{stack} in w",
        undefined,
        'say where each of them stands: "layers": {"memory.layer1": ..., "memory.layer2": ...}',
      ],
      expect.arrayContaining(["import.stack", "weight memory.layer1.reverse.W"]),
    ]);
    expect(facts(() => importFrom({ "memory.w0": counting(1) }, mapping("w{stack}"), model))[0].slice(0, 3)).toEqual([
      "import.direction",
      "weight memory.layer1.forward.W",
      "{direction} in w{stack}",
    ]);
  });

  test("numbers that are not finite, or too large for the model's type, and elements that are no floats", () => {
    const broken = (weight: TensorData): readonly unknown[] =>
      facts(() => importFrom({ ...linear, "out.weight": weight }, pytorch, out)).map((each) => [each[0], each[3]]);
    const wide = (...data: readonly number[]): TensorData => ({
      dtype: "f64",
      dims: [3, 2],
      data: Float64Array.from(data),
    });
    expect(broken(wide(0, 1, 2, NaN, 4, 5))).toEqual([["import.value", "NaN at index 4 of [2,3]"]]);
    expect(broken(wide(0, 1e39, 2, 3, 4, 5))).toEqual([["import.value", "1e+39 at index 3 of [2,3]"]]);
    expect(broken({ dtype: "i32", dims: [3, 2], data: new Int32Array(6) })).toEqual([
      ["import.step", "out.weight I32[3,2]"],
    ]);
  });
});

test("the mappings that are known are documents like any other", () => {
  for (const mapping of Object.values(mappings)) {
    const read = readMapping(JSON.parse(JSON.stringify(mapping)));
    expect(read.rules.length).toBeGreaterThan(4);
  }
});

const small = fc.integer({ min: 0, max: 4 });
const axis = fc.integer({ min: 0, max: 3 });
const step = fc.oneof(
  fc.constant("transpose" as const),
  fc.record({ block: fc.oneof(small, fc.constant("gate" as const)), of: fc.constantFrom(1, 2, 3, undefined), axis }),
  fc.record({ slice: fc.tuple(small, small), axis }),
  fc.record({ index: small, axis }),
  fc.record({ scale: fc.constantFrom(-1, 0, 1e300) }),
);
const steps = fc.array(step, { maxLength: 3 });
const { expression } = fc.letrec<{ expression: unknown }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "*", "{gate}", "none"),
    fc.record({ tensor: fc.constantFrom("a", "b", "none"), absent: fc.constantFrom("zeros", undefined), steps }),
    fc.record({ sum: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }), steps }),
    fc.record({ concat: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }), axis, steps }),
  ),
}));

property.prop([expression, fc.array(small, { maxLength: 3 })], { numRuns: 3000 })(
  "any mapping makes finite numbers of the right count, or is refused by an error of ours",
  (W, dims) => {
    const document = { rules: [{ layer: {}, gates: ["a", "b"], weights: { W } }], ignore: ["out.*"] };
    const source = { "out.a": counting(2, 3), "out.b": counting(4) };
    try {
      const { weights } = importFrom(source, document, modelOf([dense], { "out.W": dims }));
      expect(weights["out.W"].data).toHaveLength(dims.reduce((a, b) => a * b, 1));
      expect(weights["out.W"].data.every((value) => Number.isFinite(value))).toBe(true);
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      expect(error.issues.every(({ code }) => /^(import|config)\./.test(code))).toBe(true);
    }
  },
);
