/**
 * The builder: the only mutable object in core, and how every graph is made.
 * Values are handed out as plain data; the nodes stay hidden until `build`.
 *
 * A builder may have a parent: it then makes the region of a node of that
 * parent, and may use the parent's values directly. Each such value becomes a
 * constant parameter of the region ("captured"), in front of the declared ones.
 */
import { GraphError } from "../errors/errors.js";
import type { Attrs } from "../ir/attrs.js";
import type { Graph, Node, Origin, Output, Param, StatePair, ValueId } from "../ir/graph.js";
import { opNamed } from "../ops/index.js";
import { inferTypes } from "../ops/infer.js";
import type { AnyOp, Emit, RegionScope, Value } from "../ops/op.js";
import { formatType, type TensorType } from "../shape/tensor-type.js";
import { distinctNames, nameSource } from "./names.js";
import { primitives, type Primitives } from "./primitives.js";

export interface NodeRequest {
  readonly op: AnyOp;
  readonly inputs: readonly Value[];
  readonly attrs?: Attrs;
  readonly regions?: readonly Graph[];
  /** Wanted names of the results; made unique. */
  readonly names?: readonly string[];
  readonly origin?: Origin | undefined;
}

export interface BuilderScope extends RegionScope {
  /** Declares a parameter. Its name must be new. */
  param(name: string, type: TensorType, origin?: Origin): Value;
  /** Appends a node. Throws ShapeError when its operands or attributes do not fit. */
  node(request: NodeRequest): readonly Value[];
  /** Gives a value made here a telling name (made unique); returns the value. */
  named(name: string, value: Value): Value;
  nameOf(value: Value): string;
  /** For error messages: the graph under construction, and the origin that nodes appended now would get. */
  place(): { readonly graph: string; readonly origin: Origin | undefined };
  /** Runs `build` with `origin` on every node that it appends. */
  at<T>(origin: Origin | undefined, build: () => T): T;
  /** A builder for a region of this graph, which may capture values of this one. */
  inner(name: string): RegionBuilder;
  /** The graph made so far. Output names are those of the record, in its order. */
  build(outputs: Readonly<Record<string, Value>>, state?: readonly StatePair[]): Graph;
}

/** Everything needed to write a graph: one method per op, and the structure around them. */
export type GraphBuilder = BuilderScope & Primitives;

export type RegionBuilder = GraphBuilder & {
  /** The parent's values that were captured, in the order of the leading parameters. */
  captured(): readonly Value[];
};

interface ParamEntry {
  readonly kind: "param";
  name: string;
  readonly type: TensorType;
  readonly origin: Origin | undefined;
  readonly outer: Value | undefined;
}
interface ResultEntry {
  readonly kind: "result";
  name: string;
  readonly node: PendingNode;
}
interface PendingNode {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly attrs: Attrs;
  readonly regions: readonly Graph[];
  readonly types: readonly TensorType[];
  readonly firstKey: number;
  readonly origin: Origin | undefined;
}

/** A new graph under construction. */
export const buildGraph = (name: string): GraphBuilder => makeBuilder(name);

/** A new graph under construction for passes and rules, which append nodes by their ops and need no function for each. */
export const buildScope = (name: string): BuilderScope => makeScope(name);

/** What a region is built in. */
interface Surroundings {
  /** The builder whose values may be captured; none where a rule builds a region that stands for itself. */
  readonly parent: BuilderScope | undefined;
  readonly origin: Origin | undefined;
}

function makeBuilder(graphName: string, around?: Surroundings): RegionBuilder {
  const scope = makeScope(graphName, around);
  return Object.assign(scope, primitives(scope));
}

function makeScope(graphName: string, around?: Surroundings): BuilderScope & Pick<RegionBuilder, "captured"> {
  const scope = {};
  const entries: (ParamEntry | ResultEntry)[] = [];
  const nodes: PendingNode[] = [];
  const captures = new Map<Value, Value>();
  const valueNames = nameSource();
  let currentOrigin = around?.origin;

  function addParam(name: string, type: TensorType, origin: Origin | undefined, outer: Value | undefined): Value {
    entries.push({ kind: "param", name, type, origin, outer });
    return { type, scope, key: entries.length - 1 };
  }

  /** The key here of a value made here or in a parent. */
  function keyOf(value: Value): number {
    if (value.scope === scope) return value.key;
    const known = captures.get(value);
    if (known !== undefined) return known.key;
    const parent = around?.parent;
    if (parent === undefined)
      throw new GraphError([
        {
          code: "graph.foreign-value",
          problem: "a value is used only in the graph that made it, and in regions inside that graph",
          at: { kind: "value", name: graphName },
          received: `a value of type ${formatType(value.type)} that another builder made`,
        },
      ]);
    const param = addParam(valueNames.fresh(parent.nameOf(value)), value.type, undefined, value);
    captures.set(value, param);
    return param.key;
  }

  function append(
    op: string,
    inputs: readonly number[],
    { attrs, regions, types, names, origin }: Pick<Node, "attrs" | "regions" | "types" | "names" | "origin">,
  ): readonly Value[] {
    const node = { op, inputs, attrs, regions, types, firstKey: entries.length, origin: origin ?? currentOrigin };
    nodes.push(node);
    return types.map((type, i) => {
      entries.push({ kind: "result", name: valueNames.fresh(names[i]), node });
      return { type, scope, key: entries.length - 1 };
    });
  }

  function node({ op, inputs, attrs = {}, regions = [], names = [], origin }: NodeRequest): readonly Value[] {
    const keys = inputs.map(keyOf);
    const types = inferTypes({
      op,
      inputs: inputs.map((value) => value.type),
      inputNames: () => keys.map((key) => entries[key].name),
      attrs,
      regions,
      graph: graphName,
      origin: origin ?? currentOrigin,
    });
    return append(op.name, keys, { attrs, regions, types, names: types.map((_, i) => names[i] ?? op.name), origin });
  }

  const emit: Emit = (op, inputs, ...[attrs]) => node({ op: op, inputs, attrs: attrs ?? {} })[0];

  const builder: BuilderScope = {
    param(name, type, origin) {
      if (valueNames.isTaken(name))
        throw new GraphError([
          {
            code: "graph.duplicate-name",
            problem: "parameter names are unique in a graph",
            at: { kind: "value", name: graphName },
            received: `a second parameter named ${name}`,
          },
        ]);
      // A region's parameters stand for values from elsewhere, which have origins of their own.
      return addParam(
        valueNames.fresh(name),
        type,
        origin ?? (around === undefined ? currentOrigin : undefined),
        undefined,
      );
    },
    node,
    emit,
    emitRegion: (op, inputs, attrs, regions) => node({ op: op, inputs, attrs, regions }),
    copy(source, inputs) {
      const keys = inputs.map(keyOf);
      return append(source.op, keys, source);
    },
    inline(graph, inputs) {
      const values: Value[] = [...inputs];
      for (const source of graph.nodes)
        values.push(
          ...builder.copy(
            source,
            source.inputs.map((id) => values[id]),
          ),
        );
      return graph.outputs.map((output) => values[output.value]);
    },
    region(name, params, build) {
      const inner = makeScope(name, { parent: undefined, origin: currentOrigin });
      // Parameters of different origin may share a name, such as the lengths of a loop and those that its body captured.
      const names = distinctNames(params.map((param) => param.name));
      const outputs = build(
        inner,
        params.map((param, i) => inner.param(names[i], param.type)),
      );
      return inner.build(numberedOutputs(inner, outputs));
    },
    named(name, value) {
      const entry = entries[keyOf(value)];
      valueNames.release(entry.name);
      entry.name = valueNames.fresh(name);
      return value;
    },
    nameOf: (value) => entries[keyOf(value)].name,
    at(origin, build) {
      const outside = currentOrigin;
      currentOrigin = origin ?? outside;
      try {
        return build();
      } finally {
        currentOrigin = outside;
      }
    },
    place: () => ({ graph: graphName, origin: currentOrigin }),
    inner: (name) => makeBuilder(name, { parent: builder, origin: currentOrigin }),
    build(outputs, state = []) {
      // First of all, because an output may be a value of the parent that nothing here has captured yet.
      const outputKeys = Object.entries(outputs).map(([name, value]) => ({ name, key: keyOf(value) }));
      const params = paramOrder(entries);
      // Where parameters come first, and those that are captured before the others, values are numbered as they were made.
      const isInOrder = params.every((key, id) => key === id);
      const ids = isInOrder ? undefined : numbersOf(entries.length, params, nodes);
      const idOf = (key: number): ValueId => ids?.[key] ?? key;
      return {
        name: graphName,
        params: params.map((key): Param => {
          const { name, type, origin } = entries[key] as ParamEntry;
          return { name, type, origin };
        }),
        nodes: nodes.map(({ op, inputs, attrs, regions, types, firstKey, origin }): Node => ({
          op,
          id: idOf(firstKey),
          inputs: ids === undefined ? inputs : inputs.map(idOf),
          attrs,
          regions,
          types,
          names: types.map((_, i) => entries[firstKey + i].name),
          origin,
        })),
        outputs: outputKeys.map(({ name, key }): Output => ({ name, value: idOf(key) })),
        state,
      };
    },
  };
  return Object.assign(builder, { captured: () => [...captures.keys()] });
}

/** Captured parameters first, then the declared ones, each in the order of their making. */
function paramOrder(entries: readonly (ParamEntry | ResultEntry)[]): readonly number[] {
  const keys = entries.flatMap((entry, key) => (entry.kind === "param" ? [key] : []));
  const isCaptured = (key: number): boolean => (entries[key] as ParamEntry).outer !== undefined;
  return [...keys.filter(isCaptured), ...keys.filter((key) => !isCaptured(key))];
}

/** By key: the number of a value in the graph. */
function numbersOf(count: number, params: readonly number[], nodes: readonly PendingNode[]): readonly ValueId[] {
  const ids = new Array<ValueId>(count);
  params.forEach((key, id) => (ids[key] = id));
  let nextId = params.length;
  for (const { firstKey, types } of nodes) for (let i = 0; i < types.length; i++) ids[firstKey + i] = nextId++;
  return ids;
}

/** Outputs named after their values. */
function numberedOutputs(scope: BuilderScope, values: readonly Value[]): Readonly<Record<string, Value>> {
  // A record would put names that are whole numbers first, and the order of outputs counts.
  const names = values.map((value) => scope.nameOf(value)).map((name) => (/^\d+$/.test(name) ? `_${name}` : name));
  return Object.fromEntries(distinctNames(names).map((name, i) => [name, values[i]]));
}

/** The op object of a node. */
export const opOf = (node: Node): AnyOp => opNamed(node.op);

/** Whether computing a node again costs about as much as loading its result. */
export function isCheap(node: Node): boolean {
  const op = opOf(node);
  return op.traits.cheap === true || (op.kind === "op" && op.isCheap?.(node.attrs) === true);
}
