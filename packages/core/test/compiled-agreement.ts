/** Running compiled code on tensors of the reference executor, and comparing the two. */
import { expect } from "vitest";
import type { Tensors } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import { compile, type CompileOptions } from "../src/runtime/compile.js";
import { toTensor, toTensorData } from "../src/shape/tensor-data.js";
import { isFloat } from "../src/shape/tensor-type.js";

/** Outputs of compiled code; inputs whose names are those of state parameters are the state. */
export async function runCompiled(graph: Graph, inputs: Tensors, options: CompileOptions = {}): Promise<Tensors> {
  const data = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensorData(tensor)]));
  const isState = new Set(graph.state.map(({ param }) => param));
  const [state, given] = [true, false].map((wanted) =>
    Object.fromEntries(Object.entries(data).filter(([name]) => isState.has(name) === wanted)),
  );
  const executable = await compile(graph, { executor: "compiled", state, ...options });
  const results = await executable.run(given);
  executable.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toTensor(value)]));
}

/**
 * Floats agree relative to the largest of their tensor, everything else exactly. `terms`: size of what results are
 * sums of, where it is larger than the results, because terms cancel.
 */
export function expectAgreement(actual: Tensors, expected: Tensors, tolerance: number, terms = 1e-6): void {
  for (const [name, { type, data }] of Object.entries(actual)) {
    const wanted = expected[name];
    expect(type, name).toEqual(wanted.type);
    const finite = wanted.data.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0));
    const scale = finite.reduce((a, b) => Math.max(a, b), terms);
    data.forEach((value, i) => {
      const reference = wanted.data[i];
      const close = isFloat(type.dtype) && Math.abs(value - reference) <= tolerance * scale;
      if (!close && !Object.is(value + 0, reference + 0)) expect(value, `${name}[${i}]`).toBe(reference);
    });
  }
}
