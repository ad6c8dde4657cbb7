/** The reference executor as an engine: state in arrays of its own element type, arithmetic in f64. */
import { evaluatorOf } from "../graph/evaluate.js";
import type { DimBindings } from "../shape/dim.js";
import { indexAt } from "../shape/strides.js";
import { toTensor, toTensorData, type TensorData } from "../shape/tensor-data.js";
import type { Tensor } from "../shape/tensor.js";
import type { Diagnosis } from "./diagnosis.js";
import type { Engine, Interface } from "./engine.js";
import { notFinite } from "./locate.js";
import { replayReference } from "./replay-reference.js";

const copyOf = ({ dtype, dims, data }: TensorData): TensorData => ({ dtype, dims, data: data.slice() });

export function referenceEngine(
  { graph, state, inputs, outputs }: Interface,
  bindings: DimBindings,
  { made, finite }: Diagnosis,
): Engine {
  const evaluator = evaluatorOf(graph, bindings);
  const nextOf = new Map(graph.state.map(({ param, next }) => [param, next]));
  let held: readonly TensorData[] = [];
  return {
    load(values) {
      held = values.map(copyOf);
    },
    save: () => held.map(copyOf),
    async run(values) {
      const given = new Map<string, Tensor>([
        ...state.map((param, i) => [param.name, toTensor(held[i])] as const),
        ...inputs.map((param, i) => [param.name, toTensor(values[i])] as const),
      ]);
      const results = evaluator(graph.params.flatMap((param) => given.get(param.name) ?? []));
      const byName = new Map(graph.outputs.map(({ name }, i) => [name, toTensorData(results[i])]));
      for (const output of finite) {
        const { dims, data } = byName.get(output) as TensorData;
        const at = data.findIndex((value) => !Number.isFinite(value));
        if (at < 0) continue;
        const replay = replayReference((param) => given.get(param) as Tensor);
        throw await notFinite(made, undefined, bindings, replay, { output, value: data[at], index: indexAt(at, dims) });
      }
      const named = (names: readonly string[]): readonly TensorData[] =>
        names.flatMap((name) => byName.get(name) ?? []);
      held = named(state.map((param) => nextOf.get(param.name) ?? ""));
      return named(outputs);
    },
    remove: () => undefined,
  };
}
