/** Ops that say they are linear in some operands are: the op of α·x + β·y is α·op(x) + β·op(y). */
import { describe, expect, test } from "vitest";
import { bindGraph } from "../src/graph/bind.js";
import { evaluate } from "../src/graph/evaluate.js";
import { bindDims, isFloat } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { bindingsOf, every } from "./case-inputs.js";
import { randomFrom } from "./random.js";
import { graphOf, parseUse, randomTensor } from "./use.js";

const ALPHA = 1.5;
const BETA = -0.25;

describe.each(every.filter(({ op }) => op.traits.linear !== undefined))("$name", ({ op, valid }) => {
  const floats = valid.filter(({ use }) => parseUse(use).inputs.some(({ dtype }) => isFloat(dtype)));
  test.each(floats)("$use", (each) => {
    const bindings = bindingsOf(each)[0];
    const graph = bindGraph(graphOf(parseUse(each.use)), bindings);
    const random = randomFrom(`${each.use} linear`);
    const types = parseUse(each.use).inputs.map(({ dtype, dims }) => ({ dtype, dims: bindDims(dims, bindings) }));
    const draw = (): readonly Tensor[] => types.map((type, i) => randomTensor(type, {}, random, each.domains?.[i]));
    const run = (inputs: readonly Tensor[]): Float64Array =>
      evaluate(graph, Object.fromEntries(inputs.map((tensor, i) => [`p${i}`, tensor]))).out.data;
    for (const group of op.traits.linear ?? []) {
      const x = draw();
      // Operands outside the group are the same throughout.
      const y = draw().map((tensor, i) => (group.includes(i) ? tensor : x[i]));
      const mixed = x.map(({ type, data }, i): Tensor =>
        group.includes(i)
          ? { type, data: data.map((value, k) => ALPHA * value + BETA * y[i].data[k]) }
          : { type, data },
      );
      const [ofX, ofY] = [run(x), run(y)];
      run(mixed).forEach((value, i) => {
        expect(value).toBeCloseTo(ALPHA * ofX[i] + BETA * ofY[i], 9);
      });
    }
  });
});
