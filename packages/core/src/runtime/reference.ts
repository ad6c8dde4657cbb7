/** The reference executor as an Executable: state held in arrays of its own element type, arithmetic in f64. */
import { RunError } from "../errors/errors.js";
import { suggestName } from "../errors/suggest.js";
import { bindingsOf, evaluatorOf } from "../graph/evaluate.js";
import type { Graph, Param } from "../ir/graph.js";
import { elementCount } from "../shape/strides.js";
import { toTensor, toTensorData, type TensorData } from "../shape/tensor-data.js";
import type { Tensor } from "../shape/tensor.js";
import { formatType } from "../shape/tensor-type.js";
import type { Executable, TensorsByName } from "./executable.js";

const typeOf = ({ dtype, dims }: TensorData): Tensor["type"] => ({ dtype, dims });

function refuse(name: string, problem: string, facts: { expected?: string; received?: string; hint?: string }): never {
  throw new RunError([{ code: "run.input", problem, at: { kind: "value", name }, ...facts }]);
}

function checkNames(given: readonly string[], known: readonly string[], kind: string): void {
  for (const name of given)
    if (!known.includes(name))
      refuse(`${kind} ${name}`, `every ${kind} is known to the graph`, { hint: suggestName(name, known) });
}

/** A copy with the element count checked, so that later changes outside do not reach in. */
function ownCopy(name: string, value: TensorData): TensorData {
  if (value.data.length !== elementCount(value.dims))
    refuse(name, "the data fill the dims exactly", {
      expected: `${elementCount(value.dims)} elements for ${formatType(typeOf(value))}`,
      received: `${value.data.length} elements`,
    });
  return { dtype: value.dtype, dims: [...value.dims], data: value.data.slice() };
}

/** An executable on the reference executor. `initial`: a value for every state parameter. */
export function referenceExecutable(graph: Graph, initial: TensorsByName): Executable {
  const nextOf = new Map(graph.state.map(({ param, next }) => [param, next]));
  const stateNames = [...nextOf.keys()];
  const inputNames = graph.params.map((param) => param.name).filter((name) => !nextOf.has(name));
  const nextNames = new Set(nextOf.values());
  const evaluators = new Map<string, ReturnType<typeof evaluatorOf>>();
  const state = new Map<string, TensorData>();
  let disposed = false;

  function assign(values: TensorsByName): void {
    checkNames(Object.keys(values), stateNames, "state");
    const copies = Object.entries(values).map(([name, value]) => {
      const param = graph.params.find((candidate) => candidate.name === name) as Param;
      const copy = ownCopy(`state ${name}`, value);
      bindingsOf([param], () => typeOf(copy));
      return [name, copy] as const;
    });
    for (const [name, copy] of copies) state.set(name, copy);
  }

  function run(inputs: TensorsByName): TensorsByName {
    if (disposed) refuse(`graph ${graph.name}`, "an executable runs until it is disposed", {});
    checkNames(Object.keys(inputs), inputNames, "input");
    const given = graph.params.map((param): TensorData | undefined =>
      nextOf.has(param.name)
        ? state.get(param.name)
        : Object.hasOwn(inputs, param.name)
          ? inputs[param.name]
          : undefined,
    );
    const byName = new Map(graph.params.map((param, i) => [param.name, given[i]]));
    const bindings = bindingsOf(graph.params, (name) => {
      const value = byName.get(name);
      return value === undefined ? undefined : typeOf(value);
    });
    const tensors = given.flatMap((value, i) => {
      if (value === undefined) return [];
      const name = graph.params[i].name;
      return [toTensor(nextOf.has(name) ? value : ownCopy(`input ${name}`, value))];
    });
    const key = JSON.stringify(bindings);
    const evaluator = evaluators.get(key) ?? evaluatorOf(graph, bindings);
    evaluators.set(key, evaluator);
    const results = evaluator(tensors);
    const outputs = new Map(graph.outputs.map(({ name }, i) => [name, results[i]]));
    for (const [param, next] of nextOf) {
      const value = outputs.get(next);
      if (value !== undefined) state.set(param, toTensorData(value));
    }
    return Object.fromEntries(
      [...outputs].filter(([name]) => !nextNames.has(name)).map(([name, value]) => [name, toTensorData(value)]),
    );
  }

  assign(initial);
  const missing = stateNames.filter((name) => !state.has(name));
  if (missing.length > 0)
    refuse(`state ${missing.join(", ")}`, "every state parameter has an initial value", { received: "nothing" });
  return {
    // Wrapped, so that a bad input rejects the promise rather than throwing past it.
    run: async (inputs) => Promise.resolve().then(() => run(inputs)),
    readState: async () =>
      Promise.resolve(Object.fromEntries([...state].map(([name, value]) => [name, ownCopy(name, value)]))),
    writeState: async (values) => Promise.resolve().then(() => assign(values)),
    dispose() {
      disposed = true;
      state.clear();
      evaluators.clear();
    },
  };
}
