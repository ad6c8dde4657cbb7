/** What ops say of themselves for all steps of a loop at once, against each step by itself. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import { bindDims } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { bindingsOf, every } from "./case-inputs.js";
import { randomFrom } from "./random.js";
import { inferUse, parseUse, randomTensor } from "./use.js";
import { bindGraph } from "../src/graph/bind.js";
import { graphOf } from "./use.js";

const STEPS = 3;

/** Row t of a stack. */
function rowOf({ type: { dtype, dims }, data }: Tensor, t: number): Tensor {
  const size = data.length / STEPS;
  return { type: { dtype, dims: dims.slice(1) }, data: data.subarray(t * size, (t + 1) * size) };
}

/** Operands of which every combination is tried. */
const MOST_COMBINED = 6;

/** Ways in which at least one of the operands differs from step to step: every one; of many operands each alone, all but each, and all. */
function patterns(operands: number): readonly (readonly boolean[])[] {
  const marks = (mark: (i: number) => boolean): readonly boolean[] =>
    Array.from({ length: operands }, (_, i) => mark(i));
  if (operands <= MOST_COMBINED)
    return Array.from({ length: 2 ** operands - 1 }, (_, bits) => marks((i) => ((bits + 1) >> i) % 2 === 1));
  const each = Array.from({ length: operands }, (_, one) => one);
  return [
    ...each.map((one) => marks((i) => i === one)),
    ...each.map((one) => marks((i) => i !== one)),
    marks(() => true),
  ];
}

describe.each(every.filter(({ op }) => op.stacked !== undefined || op.summed !== undefined))("$name", ({ valid }) => {
  test.each(valid)("$use", (each) => {
    const bindings = bindingsOf(each)[0];
    const { op, inputs: types, attrs: symbolic } = parseUse(each.use);
    const single = bindGraph(graphOf(parseUse(each.use)), bindings);
    const [{ attrs }] = single.nodes;
    expect(symbolic).toBeDefined();
    for (const isStacked of patterns(types.length)) {
      const random = randomFrom(`${each.use} ${isStacked.join()}`);
      const g = buildGraph("stacked");
      const values: Tensor[] = [];
      const inputs = types.map((type, i) => {
        const dims = bindDims(type.dims, bindings);
        const whole = { dtype: type.dtype, dims: isStacked[i] ? [STEPS, ...dims] : dims };
        values.push(randomTensor(whole, {}, random, each.domains?.[i]));
        return g.param(`p${i}`, whole);
      });
      const rule = { inputs, attrs, length: STEPS, emit: g.emit };
      const stacked = op.stacked?.({ ...rule, isStacked });
      const summed = isStacked.every((mark) => mark) ? op.summed?.(rule) : undefined;
      const results = evaluate(
        g.build({ ...(stacked === undefined ? {} : { stacked }), ...(summed === undefined ? {} : { summed }) }),
        Object.fromEntries(values.map((value, i) => [`p${i}`, value])),
      );
      const steps = Array.from({ length: STEPS }, (_, t) => {
        const row = values.map((value, i) => (isStacked[i] ? rowOf(value, t) : value));
        return evaluate(single, Object.fromEntries(row.map((value, i) => [`p${i}`, value]))).out;
      });
      const type = { dtype: inferUse(parseUse(each.use)).dtype, dims: steps[0].type.dims };
      if (stacked !== undefined) {
        expect(results.stacked.type).toEqual({ ...type, dims: [STEPS, ...type.dims] });
        results.stacked.data.forEach((value, i) => {
          const size = steps[0].data.length;
          expect(value).toBeCloseTo(steps[Math.floor(i / size)].data[i % size], 9);
        });
      }
      if (summed !== undefined) {
        expect(results.summed.type).toEqual(type);
        results.summed.data.forEach((value, i) => {
          const sum = steps.reduce((total, step) => total + step.data[i], 0);
          const wrapped = type.dtype === "i32" ? sum | 0 : type.dtype === "u32" ? sum >>> 0 : sum;
          expect(value).toBeCloseTo(wrapped, 9);
        });
      }
    }
  });
});
