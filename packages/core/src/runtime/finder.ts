/**
 * Finds where the first number that is not finite arose, while a graph runs node by node.
 *
 * A birth is an element that is NaN although no operand is, or infinite although all operands are finite. Not every
 * birth is a fault: log(0) behind a select does no harm. So of all births that one counts which is the first among
 * those from which a path of values that were not finite leads to the output in question.
 */
import type { LoopStep, NonFinite, OperandRange } from "../errors/non-finite.js";
import { opOf } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { valueNames } from "../ir/graph.js";
import { formatType, isFloat } from "../shape/tensor-type.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { indexAt } from "../shape/strides.js";
import { sourcesOf, type Owners } from "./sources.js";

/** A tensor as it is in memory; `data` in row-major order. */
export interface Seen {
  readonly type: Tensor["type"];
  data(): ArrayLike<number>;
}

/** One execution of a node. */
export interface Execution {
  readonly graph: Graph;
  readonly node: Node;
  readonly operands: readonly Seen[];
  readonly results: readonly Seen[];
  steps(): readonly LoopStep[];
}

/** What is known of the place alone; the rest depends on the graph that it is looked up in. */
export interface Birth extends Pick<NonFinite, "value" | "name" | "index" | "steps" | "operands"> {
  readonly graph: Graph;
  /** Absent for a parameter. */
  readonly node?: Node | undefined;
  readonly id: ValueId;
}

export interface Found {
  readonly birth: Birth;
  /** Infinite elements of inputs, state and constants, from which a path leads there as well. */
  readonly given: readonly Birth[];
}

export interface Finder {
  /** The values of the parameters, before the run. */
  begin(params: readonly Seen[]): void;
  /** A node was executed. */
  see(execution: Execution): void;
  /** The birth that an output goes back to; undefined when there was none. */
  find(output: string): Found | undefined;
}

const firstNotFinite = (data: ArrayLike<number>): number => {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
};

const has = (data: ArrayLike<number>, isWanted: (value: number) => boolean): boolean => {
  for (let i = 0; i < data.length; i++) if (isWanted(data[i])) return true;
  return false;
};

const isInfinite = (value: number): boolean => !Number.isFinite(value);

/** A finder for one run of `graph`, whose sizes are bound. */
export function makeFinder(graph: Graph): Finder {
  const known = new Map<Graph, Set<ValueId>>();
  const bad = new Map<Graph, Set<ValueId>>();
  /** In the order of execution. */
  const order: Birth[] = [];
  const add = (birth: Birth): void => {
    mark(known, birth.graph, birth.id);
    order.push(birth);
  };
  return {
    begin(params) {
      params.forEach(({ type, data }, id) => {
        if (!isFloat(type.dtype)) return;
        const values = data();
        const firstNaN = Array.prototype.findIndex.call(values, Number.isNaN);
        const at = firstNaN < 0 ? firstNotFinite(values) : firstNaN;
        if (at < 0) return;
        mark(bad, graph, id);
        const { name } = graph.params[id];
        add({ graph, id, value: values[at], name, index: indexAt(at, sizesOf(type)), steps: [], operands: [] });
      });
    },
    see(execution) {
      const { graph: where, node, results } = execution;
      results.forEach((result, k) => {
        if (!isFloat(result.type.dtype)) return;
        const values = result.data();
        const first = firstNotFinite(values);
        if (first < 0) return;
        mark(bad, where, node.id + k);
        if (known.get(where)?.has(node.id) === true) return;
        const at = bornAt(execution, values, first);
        if (at !== undefined) add(birthOf(execution, values, at));
      });
    },
    find(output) {
      const port = graph.outputs.find(({ name }) => name === output);
      if (port === undefined) return undefined;
      const reached = reachable(graph, port.value, (where, id) => bad.get(where)?.has(id) === true);
      const births = order.filter(({ graph: where, id }) => reached.get(where)?.has(id) === true);
      // Whoever gives an infinite number may mean it, as in a mask; NaN nobody means.
      const given = births.filter(({ node, value }) => (node?.inputs ?? []).length === 0 && !Number.isNaN(value));
      const birth = births.find((each) => !given.includes(each)) ?? given.at(0);
      return birth === undefined ? undefined : { birth, given: given.filter((each) => each !== birth) };
    },
  };
}

function mark(marked: Map<Graph, Set<ValueId>>, graph: Graph, id: ValueId): void {
  const ids = marked.get(graph);
  if (ids === undefined) marked.set(graph, new Set([id]));
  else ids.add(id);
}

/** The first element that is not finite through this node, rather than through its operands. */
function bornAt({ node, operands }: Execution, values: ArrayLike<number>, first: number): number | undefined {
  const op = opOf(node);
  // What regions return was computed inside.
  if (op.kind === "region") return undefined;
  const floats = operands.filter(({ type }) => isFloat(type.dtype)).map(({ data }) => data());
  if (op.traits.elementwise === true) {
    for (let i = first; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      const isCause = Number.isNaN(values[i]) ? Number.isNaN : isInfinite;
      if (!floats.some((data) => isCause(data[i]))) return i;
    }
    return undefined;
  }
  const hasNaN = floats.some((data) => has(data, Number.isNaN));
  if (hasNaN) return undefined;
  const hasInfinite = floats.some((data) => has(data, isInfinite));
  for (let i = first; i < values.length; i++)
    if (Number.isNaN(values[i]) || (!Number.isFinite(values[i]) && !hasInfinite)) return i;
  return undefined;
}

function birthOf(execution: Execution, values: ArrayLike<number>, at: number): Birth {
  const { graph, node, operands, results } = execution;
  const names = valueNames(graph);
  const isElementwise = opOf(node).traits.elementwise === true;
  return {
    graph,
    node,
    id: node.id,
    value: values[at],
    name: node.names[0],
    index: indexAt(at, sizesOf(results[0].type)),
    steps: execution.steps(),
    operands: operands.flatMap((operand, i) =>
      isFloat(operand.type.dtype) ? [rangeOf(names[node.inputs[i]], operand, isElementwise ? at : undefined)] : [],
    ),
  };
}

function rangeOf(name: string, { type, data }: Seen, at: number | undefined): OperandRange {
  const values = data();
  let [low, high, notFinite] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    } else notFinite++;
  }
  return {
    name,
    type: formatType(type),
    range: low <= high ? [low, high] : undefined,
    notFinite,
    value: at === undefined ? undefined : values[at],
  };
}

/** All values from which a path leads to a value, over values that are bad and parameters of regions. */
function reachable(
  graph: Graph,
  value: ValueId,
  isBad: (graph: Graph, id: ValueId) => boolean,
): ReadonlyMap<Graph, ReadonlySet<ValueId>> {
  const reached = new Map<Graph, Set<ValueId>>();
  const owners: Owners = new Map();
  const pending: (readonly [Graph, ValueId])[] = [[graph, value]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [where, id] = next;
    const known = reached.get(where) ?? new Set<ValueId>();
    if (known.has(id)) continue;
    const isParam = id < where.params.length;
    // What a region is given is known outside.
    if (!isBad(where, id) && (!isParam || where === graph)) continue;
    reached.set(where, known.add(id));
    pending.push(...sourcesOf(where, id, owners));
  }
  return reached;
}
