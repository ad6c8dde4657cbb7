/**
 * The reference executor: evaluates a graph node by node with the ops' own
 * definitions in f64. Slow and obviously right; every other way of running a
 * graph is judged against it. Intermediate results are not rounded to f32.
 */
import type { LatchgradError } from "../errors/errors.js";
import { RunError } from "../errors/errors.js";
import type { Graph, Node, Param } from "../ir/graph.js";
import type { AnyOp, RunRegion } from "../ops/op.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { elementCount } from "../shape/strides.js";
import { bindDim, isSymbol } from "../shape/dim.js";
import { formatType, sameType } from "../shape/tensor-type.js";
import { bindGraph } from "./bind.js";
import { opOf } from "./builder.js";
import { placeOf } from "./place.js";

export type Tensors = Readonly<Record<string, Tensor>>;

function refuseInput(param: Param, problem: string, received: string): never {
  throw new RunError([
    {
      code: "run.input",
      problem,
      at: { kind: "value", name: `input ${param.name}` },
      expected: formatType(param.type),
      received,
    },
  ]);
}

/**
 * The integer that every symbol of the parameters stands for, read off the inputs' sizes.
 * Throws RunError when an input is missing, or its type or size does not fit.
 */
export function bindingsOf(
  params: readonly Param[],
  typeOfInput: (name: string) => Tensor["type"] | undefined,
): Readonly<Record<string, number>> {
  const bindings: Record<string, number> = {};
  const given = params.map((param) => {
    const type = typeOfInput(param.name);
    if (type === undefined) return refuseInput(param, "every parameter of the graph has a value", "nothing");
    if (type.dtype !== param.type.dtype || type.dims.length !== param.type.dims.length)
      return refuseInput(param, "a value has the type of its parameter", formatType(type));
    param.type.dims.forEach((dim, axis) => {
      if (isSymbol(dim) && !Object.hasOwn(bindings, dim)) bindings[dim] = type.dims[axis] as number;
    });
    return { param, type };
  });
  for (const { param, type } of given)
    param.type.dims.forEach((dim, axis) => {
      if (bindDim(dim, bindings) !== type.dims[axis])
        refuseInput(
          param,
          "sizes fit each other wherever the same symbol stands",
          `${formatType(type)}, while ${Object.entries(bindings)
            .map(([symbol, size]) => `${symbol} = ${size}`)
            .join(", ")}`,
        );
    });
  return bindings;
}

function evaluateNode(
  graph: Graph,
  node: Node,
  op: AnyOp,
  inputs: readonly Tensor[],
  run: RunRegion,
): readonly Float64Array[] {
  try {
    return op.kind === "op"
      ? [op.evaluate(inputs, node.attrs, node.types[0])]
      : op.evaluate(inputs, node.regions, node.attrs, run, node.types);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw withPlace(error, graph, node);
  }
}

/** Ops know what is wrong with a number, but not where they stand; the innermost node is the place. */
function withPlace(error: RunError, graph: Graph, node: Node): LatchgradError {
  return new RunError(
    error.issues.map((issue) => (issue.at.kind === "node" ? issue : { ...issue, at: placeOf(graph, node) })),
  );
}

interface Plan {
  readonly ops: readonly AnyOp[];
  /** By node: the inputs that no later node and no output reads, so that their memory can go. */
  readonly lastReads: readonly (readonly number[])[];
}

function planOf(graph: Graph): Plan {
  const read = new Set(graph.outputs.map((output) => output.value));
  const lastReads = new Array<readonly number[]>(graph.nodes.length);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const { inputs } = graph.nodes[i];
    lastReads[i] = inputs.filter((id, at) => !read.has(id) && inputs.indexOf(id) === at);
    for (const id of inputs) read.add(id);
  }
  return { ops: graph.nodes.map(opOf), lastReads };
}

/** One execution of a node, as a watcher is told of it. */
export interface Evaluation {
  readonly graph: Graph;
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly results: readonly Tensor[];
  /** The regions around it that are being run, the outermost first. */
  readonly around: readonly RegionRun[];
}

export interface RegionRun {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  /** How often the region was run before, for the same execution of the node. */
  readonly turn: number;
}

/** Evaluates graphs without symbols; inputs and results in the order of parameters and outputs. A body is planned once. */
function makeRunner(watch?: (evaluation: Evaluation) => void): RunRegion {
  const plans = new Map<Graph, Plan>();
  const around: RegionRun[] = [];
  /** Runs regions of a node for a watcher. */
  const watched = (node: Node): RunRegion => {
    const turns = new Map<Graph, number>();
    return (region, inputs) => {
      const turn = turns.get(region) ?? 0;
      turns.set(region, turn + 1);
      around.push({ node, inputs, turn });
      try {
        return run(region, inputs);
      } finally {
        around.pop();
      }
    };
  };
  const run: RunRegion = (graph, inputs) => {
    const plan = plans.get(graph) ?? planOf(graph);
    plans.set(graph, plan);
    const values: (Tensor | undefined)[] = [...inputs];
    const valueOf = (id: number): Tensor => values[id] as Tensor;
    graph.nodes.forEach((node, i) => {
      const operands = node.inputs.map(valueOf);
      const isWatched = watch !== undefined && node.regions.length > 0;
      const results = evaluateNode(graph, node, plan.ops[i], operands, isWatched ? watched(node) : run);
      results.forEach((data, k) => (values[node.id + k] = { type: node.types[k], data }));
      watch?.({ graph, node, inputs: operands, results: node.types.map((_, k) => valueOf(node.id + k)), around });
      for (const id of plan.lastReads[i]) values[id] = undefined;
    });
    return graph.outputs.map(({ value }) => valueOf(value));
  };
  return run;
}

/**
 * The outputs of a graph by name, for one value per parameter. Symbols are bound to the sizes found in the inputs.
 * Throws RunError when inputs are missing or do not fit, or an index is out of range.
 */
export function evaluate(graph: Graph, inputs: Tensors): Tensors {
  for (const name of Object.keys(inputs))
    if (!graph.params.some((param) => param.name === name))
      throw new RunError([
        {
          code: "run.input",
          problem: "every input is a parameter of the graph",
          at: { kind: "value", name: `input ${name}` },
          expected: `one of: ${graph.params.map((param) => param.name).join(", ")}`,
        },
      ]);
  const bound = bindGraph(
    graph,
    bindingsOf(graph.params, (name) => (Object.hasOwn(inputs, name) ? inputs[name].type : undefined)),
  );
  const tensors = bound.params.map((param) => {
    const tensor = inputs[param.name];
    if (!sameType(tensor.type, param.type) || tensor.data.length !== elementCount(sizesOf(param.type)))
      refuseInput(
        param,
        "the data fill the type exactly",
        `${formatType(tensor.type)} with ${tensor.data.length} elements`,
      );
    return tensor;
  });
  const results = makeRunner()(bound, tensors);
  return Object.fromEntries(bound.outputs.map(({ name }, i) => [name, results[i]]));
}

/** Runs a graph without symbols, and tells of every node. Inputs and results are in the order of parameters and outputs. */
export const evaluateWatched = (
  graph: Graph,
  inputs: readonly Tensor[],
  watch: (evaluation: Evaluation) => void,
): readonly Tensor[] => makeRunner(watch)(graph, inputs);

/** Runs a graph many times with the same sizes; inputs and results in the order of parameters and outputs. */
export function evaluatorOf(
  graph: Graph,
  bindings: Readonly<Record<string, number>>,
): (inputs: readonly Tensor[]) => readonly Tensor[] {
  const bound = bindGraph(graph, bindings);
  const run = makeRunner();
  return (inputs) => run(bound, inputs);
}
