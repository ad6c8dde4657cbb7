/** What every registered op is tested for, from the lines in cases.ts alone. */
import { describe, expect, test } from "vitest";
import { LatchgradError } from "../src/errors/errors.js";
import { pullback } from "../src/autodiff/pullback.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { graphToJson } from "../src/graph/serialize.js";
import { verifyGraph } from "../src/graph/verify.js";
import { allPasses } from "../src/passes/index.js";
import { elementCount } from "../src/shape/strides.js";
import { sizesOf } from "../src/shape/tensor.js";
import { formatType, isFloat, type DType } from "../src/shape/tensor-type.js";
import { bindingsOf, every, pointOf } from "./case-inputs.js";
import type { Case } from "./cases.js";
import { compareDirectional, completed, evaluateAt, tensorOf } from "./directional.js";
import { randomFrom } from "./random.js";
import { bindType, graphOf, inferUse, parseUse } from "./use.js";

const isOf: Readonly<Record<DType, (value: number) => boolean>> = {
  f32: () => true,
  f64: () => true,
  i32: (value) => value === (value | 0),
  u32: (value) => value === value >>> 0,
  bool: (value) => value === 0 || value === 1,
};

/** The parameters with respect to which a case can be differentiated; none when its result is no float. */
const differentiable = ({ use }: Case): readonly string[] => {
  const { inputs } = parseUse(use);
  return isFloat(inferUse(parseUse(use)).dtype)
    ? inputs.flatMap((type, i) => (isFloat(type.dtype) ? [`p${i}`] : []))
    : [];
};

/** Relative to what the numbers of a case amount to. */
const TOLERANCE = 1e-6;

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(TOLERANCE);
}

describe.each(every)("$name", ({ name, op, valid, invalid }) => {
  test("is described", () => {
    expect(op.name).toBe(name);
    expect(op.summary).toMatch(/^[^\n]+\.$/);
    expect(op.formula).toMatch(/^out\b/);
    expect(op.operands).toHaveLength(op.arity === "any" ? 1 : op.arity);
  });

  test("has a failing case for every constraint", () => {
    expect(invalid.map(({ label }) => label).sort()).toEqual(op.constraints.map(({ label }) => label).sort());
  });

  test.each(invalid)("refuses $use with $label", ({ label, use }) => {
    expect(() => inferUse(parseUse(use))).toThrow(LatchgradError);
    try {
      inferUse(parseUse(use));
    } catch (error) {
      expect((error as LatchgradError).issues.map(({ code }) => code)).toEqual([`${name}.${label}`]);
    }
  });

  describe.each(valid)("$use", (each) => {
    const graph = graphOf(parseUse(each.use));
    const symbolic = inferUse(parseUse(each.use));
    const wrt = differentiable(each);

    /** The op, and also its derivative where it has one. */
    const whole = wrt.length === 0 ? graph : pullback(graph, { of: ["out"], wrt });

    test("is a graph that can be written and read", () => {
      expect(verifyGraph(whole)).toEqual([]);
      expect(parseGraph(printGraph(whole))).toEqual(whole);
      expect(graphFromJson(JSON.parse(JSON.stringify(graphToJson(whole))))).toEqual(whole);
    });

    describe.each(bindingsOf(each))("%o", (bindings) => {
      const point = pointOf(each, bindings);

      test("fills its type, and has it for the bound operands too", () => {
        const result = tensorOf(evaluateAt(graph, point, bindings), "out");
        expect(formatType(result.type)).toBe(formatType(bindType(symbolic, bindings)));
        expect(result.data).toHaveLength(elementCount(sizesOf(result.type)));
        expect([...result.data].filter((value) => !isOf[result.type.dtype](value))).toEqual([]);
      });

      test("is the same after every pass", () => {
        const full = completed(whole, point, bindings, randomFrom(`${each.use} pass`));
        const before = evaluateAt(whole, full, bindings);
        for (const pass of allPasses) {
          const after = pass.run(whole);
          expect(verifyGraph(after)).toEqual([]);
          expect([...evaluateAt(after, full, bindings)]).toEqual([...before]);
        }
      });

      if (wrt.length === 0) return;

      test("has the derivative that differences show, and that has its own", () => {
        const random = randomFrom(`${each.use} derivative`);
        const first = compareDirectional(graph, { of: ["out"], wrt }, point, bindings, random);
        for (const param of wrt) {
          const gradient = tensorOf(evaluateAt(first.pulled, first.point, bindings), `grad.${param}`);
          expect(formatType(gradient.type)).toBe(formatType(tensorOf(point, param).type));
          expect(gradient.data).toHaveLength(tensorOf(point, param).data.length);
        }
        if (each.notDifferentiable !== undefined) return;
        expectClose(first.derivative, first.difference);
        const again = { of: wrt.map((param) => `grad.${param}`), wrt: [...wrt, "ct.out"] };
        const second = compareDirectional(first.pulled, again, first.point, bindings, random);
        expectClose(second.derivative, second.difference);
      });
    });
  });
});
