/**
 * What the loops of a graph are made of, in the words of whoever wrote them: their states, the values that have names, the bounds
 * that these cannot leave, and what multiplies a state from step to step. For tools that show what a network does.
 */
import { valueNames, valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import type { Value } from "../ops/op.js";
import { isFloat, type Dims } from "../shape/tensor-type.js";
import { boundsOf, type Interval } from "./bounds.js";
import { buildGraph, opOf } from "./builder.js";
import { withKeepFactors } from "./keep-factors.js";

export interface LoopView {
  /** Name of its body. */
  readonly name: string;
  /** JSON pointer of the config that it comes from. */
  readonly origin: string | undefined;
  /** Whether it runs from the last step to the first. */
  readonly reverse: boolean;
  /** Path of the lengths of its examples; absent: all have all steps. */
  readonly lengths?: string;
  /** Whether it stacks what its steps give. */
  readonly stacks: boolean;
  readonly states: readonly LoopState[];
  /** Named floats of the body with the batch as their first axis, in the order in which they are computed; next states among them. */
  readonly values: readonly LoopValue[];
}

export interface LoopState {
  readonly name: string;
  /** Path of its next value, after the step. */
  readonly next: string;
  /** Where next = factor * state + rest, element by element, and the factor is a value: its path, and its name if it has one. */
  readonly factor?: { readonly path: string; readonly name: string | undefined };
}

export interface LoopValue {
  readonly name: string;
  /** For `traceGraph` and `nudgeGraph`. */
  readonly path: string;
  /** Of one step. */
  readonly dims: Dims;
  /** All elements lie in it, by how they are computed. Absent: nothing is known. */
  readonly bounds?: Interval | undefined;
}

/**
 * The loops of a graph that are in no other, in order, with the paths that their values have in the returned graph: it computes what
 * `graph` does, and the factors of states too.
 */
export function inspectLoops(graph: Graph): { readonly graph: Graph; readonly loops: readonly LoopView[] } {
  const g = buildGraph(graph.name);
  const names = valueNames(graph);
  const values: Value[] = graph.params.map(({ name, type, origin }) => g.param(name, type, origin));
  const loops: LoopView[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const found = viewOf(node, names);
    if (found === undefined) {
      values.push(...g.copy(node, inputs));
      continue;
    }
    loops.push(found.view);
    values.push(...g.copy({ ...node, regions: [found.body] }, inputs));
  }
  const outputs = Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]]));
  return { graph: g.build(outputs, graph.state), loops };
}

function viewOf(node: Node, outside: readonly string[]): { readonly view: LoopView; readonly body: Graph } | undefined {
  const op = opOf(node);
  if (op.kind !== "region") return undefined;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind !== "loop" || structure.carries === 0) return undefined;
  const { consts, carries, reverse } = structure;
  const [original] = node.regions;
  const { body, factors } = withKeepFactors(original, consts, carries);
  const pathOf = (name: string): string => `${node.names[0]}/${name}`;
  const names = valueNames(original);
  const lengths = node.inputs.at(original.params.length - 1);
  const states = original.outputs.slice(0, carries).map(({ value }, carry): LoopState => {
    const factor = factors.find((each) => each.carry === carry);
    const own = factor?.isOwn === true ? factor.name : undefined;
    return {
      name: original.params[consts + carry].name,
      next: pathOf(names[value]),
      ...(factor === undefined
        ? {}
        : {
            factor: {
              path: pathOf(factor.name),
              name: own !== undefined && isNamed(original, names.indexOf(own)) ? own : undefined,
            },
          }),
    };
  });
  const view = {
    name: original.name,
    origin: node.origin,
    reverse,
    ...(lengths === undefined ? {} : { lengths: outside[lengths] }),
    stacks: node.types.length > carries,
    states,
    values: namedValues(original, consts, pathOf),
  };
  return { view, body };
}

function namedValues(body: Graph, firstCarry: number, pathOf: (name: string) => string): readonly LoopValue[] {
  const types = valueTypes(body);
  const bounds = boundsOf(body);
  const batch = types[firstCarry].dims.at(0);
  return valueNames(body).flatMap((name, id): readonly LoopValue[] => {
    const { dtype, dims } = types[id];
    if (!isNamed(body, id) || !isFloat(dtype) || batch === undefined || dims.at(0) !== batch) return [];
    return [{ name, path: pathOf(name), dims, bounds: bounds.get(id) }];
  });
}

/** Whether a value of a node was given a name; others are called as their op, with a number behind. */
function isNamed(graph: Graph, id: ValueId): boolean {
  const node = graph.nodes.find((each) => id >= each.id && id < each.id + each.types.length);
  if (node === undefined) return false;
  const name = node.names[id - node.id];
  return name.replace(/_\d+$/, "") !== node.op;
}
