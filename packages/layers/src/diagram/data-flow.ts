/**
 * The data flow of a step as people draw it: functions as boxes, sums and products of signals as circles. What is
 * linear in its signals, `x @ W + h @ U + b`, belongs to the function that it is handed to, as in the pictures of textbooks.
 */
import { allPasses, runPasses, type Node, type ValueId } from "@latchgrad/core";
import { applicationsOf, placeOf, type Application, type DocumentTexts } from "./applications.js";
import { hasGivenName, isLinearIn, isView, operatorSign } from "./operators.js";
import type { StepGraph } from "./step-graph.js";

export interface FlowVertex {
  /**
   * - input, state: where a value comes from; next, output: where one goes
   * - function: a box; operator: a circle
   * - join: several signals side by side, which several functions read together
   */
  readonly kind: "input" | "state" | "next" | "output" | "function" | "operator" | "join";
  /** What it does, such as "tanh"; for ends, the name. */
  readonly label: string;
  /** The name that the equations give to what comes out, if they do. */
  readonly name?: string | undefined;
  /** Whether weights are multiplied with what it reads. */
  readonly learned?: boolean;
  /** The equation that it is part of, as it is written. */
  readonly equation?: string | undefined;
  /** The vertices that it reads, in the order of the equation. */
  readonly reads: readonly number[];
}

/** Vertices by their index; each reads only those before it. */
export type DataFlow = readonly FlowVertex[];

/** What a value of the graph is in the picture. */
type Meaning =
  | { readonly kind: "constant"; readonly text: string; readonly learned: boolean }
  | { readonly kind: "signal"; readonly vertex: number }
  /** Linear in signals, and only drawn where something other than a function reads it. */
  | { readonly kind: "linear"; readonly reads: readonly number[]; readonly learned: boolean; readonly label: string };

const isLearned = (meaning: Meaning): boolean => meaning.kind !== "signal" && meaning.learned;
const distinct = (ids: readonly number[]): readonly number[] => [...new Set(ids)];

/** Equal values are one signal, however often the equations write them; nothing else is changed. */
const CLEANING = allPasses.filter(({ name }) => name === "cse" || name === "dce");

/** The data flow of a step; `texts` is the document whose equations it was made of. */
export function dataFlowOf(step: StepGraph, texts: DocumentTexts): DataFlow {
  const graph = runPasses(step.graph, CLEANING);
  const vertices: FlowVertex[] = [];
  const meanings = new Map<ValueId, Meaning>();
  const makers = new Map(graph.nodes.flatMap((node) => node.names.map((_, i) => [node.id + i, node] as const)));

  const meaningOf = (id: ValueId): Meaning => meanings.get(id) ?? { kind: "constant", text: "…", learned: false };
  const add = (vertex: FlowVertex): Meaning => ({ kind: "signal", vertex: vertices.push(vertex) - 1 });
  const mean = (nodes: readonly Node[], meaning: Meaning): void => {
    for (const { id, names } of nodes) names.forEach((_, i) => meanings.set(id + i, meaning));
  };
  /** What is written beside a vertex. */
  const saidOf = (node: Node): Pick<FlowVertex, "name" | "equation"> => {
    const place = placeOf(node, texts);
    const equation = place === undefined ? undefined : texts.textAt(place.pointer);
    const [, target, value] = /^\s*([\w.']+)\s*=\s*(.*?)\s*(?:#.*)?$/.exec(equation ?? "") ?? [];
    const given = hasGivenName(node) ? node.names[0] : undefined;
    // What an equation is as a whole has its name; inside a cell that it calls, the names are that cell's.
    const [, call = ""] = /^([A-Za-z]\w*)\s*\(/.exec(value ?? "") ?? [];
    const isWhole = place !== undefined && value === place.part && !texts.isCell(place.pointer, call);
    return { name: isWhole ? target : given, equation };
  };
  /** What a function reads: of what is linear, its signals. */
  const readsOf = (ids: readonly ValueId[]): readonly number[] =>
    distinct(
      ids.map(meaningOf).flatMap((each) => {
        if (each.kind === "linear") return each.reads;
        return each.kind === "signal" ? [each.vertex] : [];
      }),
    );
  /** The vertex that a value is, drawn now if it was not before; undefined for constants. */
  const vertexOf = (id: ValueId): number | undefined => {
    const meaning = meaningOf(id);
    if (meaning.kind !== "linear") return meaning.kind === "signal" ? meaning.vertex : undefined;
    const maker = makers.get(id);
    const { label, learned, reads } = meaning;
    const drawn = add({ kind: "function", label, learned, reads, ...(maker === undefined ? {} : saidOf(maker)) });
    for (const [other, each] of meanings) if (each === meaning) meanings.set(other, drawn);
    return drawn.kind === "signal" ? drawn.vertex : undefined;
  };
  const verticesOf = (ids: readonly ValueId[]): readonly number[] =>
    distinct(ids.map(vertexOf).filter((vertex) => vertex !== undefined));

  const drawFunction = (node: Node, inputs: readonly ValueId[], label: string): Meaning =>
    add({
      kind: "function",
      label,
      learned: inputs.map(meaningOf).some(isLearned),
      reads: readsOf(inputs),
      ...saidOf(node),
    });

  const meaningOfNode = (node: Node, call: string | undefined): Meaning => {
    const inputs = node.inputs.map(meaningOf);
    const sign = operatorSign(node);
    const learned = inputs.some(isLearned);
    if (inputs.every((input) => input.kind === "constant"))
      return { kind: "constant", learned, text: constantText(node, inputs) };
    if (isView(node)) return inputs[0];
    const isPair = sign !== undefined && inputs.every((input) => input.kind !== "constant");
    const isLinear = isLinearIn(
      node,
      inputs.map((input) => input.kind !== "constant"),
    );
    // A sum of signals is an operator, and 1 - z too; a sum with products of weights belongs to what reads it.
    const stands = (isPair && !learned) || (sign === "−" && inputs[0].kind === "constant" && !learned);
    if (isLinear && !stands)
      return { kind: "linear", learned, label: linearLabel(node, inputs, call), reads: readsOf(node.inputs) };
    if (sign === undefined) return drawFunction(node, node.inputs, call ?? node.op);
    const reads = verticesOf(node.inputs);
    const label = isPair && reads.length === 1 && sign === "×" ? "x²" : operatorLabel(sign, inputs);
    return add({ kind: "operator", label, learned, reads, ...saidOf(node) });
  };

  const isDrawnWhole = ({ isWhole, nodes, inputs }: Application): boolean => {
    if (!isWhole || inputs.every((id) => meaningOf(id).kind === "constant")) return false;
    const inside = new Set(nodes.map(({ id }) => id));
    return !nodes.every(
      (node) =>
        node.inputs.length === 0 ||
        isLinearIn(
          node,
          node.inputs.map((id) => inside.has(id) || meaningOf(id).kind !== "constant"),
        ),
    );
  };

  graph.params.forEach(({ name }, id) => {
    const kind = step.inputs.includes(name) ? "input" : step.states.includes(name) ? "state" : undefined;
    meanings.set(
      id,
      kind === undefined ? { kind: "constant", text: name, learned: true } : add({ kind, label: name, reads: [] }),
    );
  });
  for (const application of applicationsOf(graph, texts)) {
    const { call, nodes, inputs } = application;
    const last = nodes[nodes.length - 1];
    if (call !== undefined && isDrawnWhole(application)) {
      // Constants in the call stay constants: another part of the step may use the same.
      const isConstant = (id: ValueId): boolean => meanings.get(id)?.kind === "constant";
      for (const node of nodes) if (node.inputs.every(isConstant)) mean([node], meaningOfNode(node, undefined));
      mean(
        nodes.filter(({ id }) => !meanings.has(id)),
        drawFunction(last, inputs, call),
      );
    } else for (const node of nodes) mean([node], meaningOfNode(node, call));
  }
  for (const { name, value } of graph.outputs)
    add({ kind: name === "output" ? "output" : "next", label: name, reads: verticesOf([value]) });
  return vertices;
}

/** What stands in a circle: the sign, with the constant that is one of its sides. */
function operatorLabel(sign: string, [left, right]: readonly Meaning[]): string {
  if (left.kind === "constant") return `${left.text}${sign.length > 1 ? ` ${sign}` : sign}`;
  return right.kind === "constant" ? `${sign}${sign.length > 1 ? " " : ""}${right.text}` : sign;
}

/** What stands in the box of something linear that no function takes in. */
function linearLabel(node: Node, inputs: readonly Meaning[], call: string | undefined): string {
  const sign = operatorSign(node);
  const constant = inputs.find((input) => input.kind === "constant");
  const isPlain = inputs.every((input) => input.kind !== "linear");
  if (isPlain && sign !== undefined && sign !== "@" && constant !== undefined) return operatorLabel(sign, inputs);
  return inputs.some(isLearned) || sign !== undefined ? "linear" : (call ?? node.op);
}

/** A constant by its name or number. */
function constantText(node: Node, inputs: readonly Meaning[]): string {
  if (hasGivenName(node)) return node.names[0];
  const texts = inputs.map((input) => (input.kind === "constant" ? input.text : "…"));
  if (isView(node)) return texts[0];
  const { data } = node.attrs;
  if (inputs.length === 0 && Array.isArray(data) && data.length === 1) return shortNumber(Number(data[0]));
  const sign = operatorSign(node);
  return sign === undefined ? "…" : `(${texts.join(` ${sign} `)})`;
}

const shortNumber = (value: number): string => String(Number(value.toPrecision(3)));
