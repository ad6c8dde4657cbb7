/**
 * Reads the text form whose grammar stands in print.ts. What it returns is
 * correct: types are inferred again and must agree with those written, and
 * everything that the verifier asks for holds. The first problem ends the
 * reading, with its line and column, because what follows it depends on it.
 */
import { findNearest, suggestName } from "../errors/suggest.js";
import type { Attrs } from "../ir/attrs.js";
import type { Graph, Node, Origin, Output, Param, StatePair, ValueId } from "../ir/graph.js";
import { findOp, ops } from "../ops/index.js";
import { formatType, sameType, type TensorType } from "../shape/tensor-type.js";
import { duplicateOutputs, nodeProblem, stateProblems } from "./invariants.js";
import { DEEPEST_NESTING } from "./limits.js";
import {
  accept,
  checkLength,
  expect,
  isNext,
  readList,
  readLiteral,
  readName,
  readType,
  readWord,
} from "./parse-parts.js";
import { formatValue } from "./print.js";
import { readTokens, type Token, type TokenReader } from "./tokens.js";

/** The graph that `text` spells. Throws IrSyntaxError unless it is exactly one correct graph. */
export function parseGraph(text: string): Graph {
  const reader = readTokens(text);
  const graph = readGraph(reader, 0);
  expect(reader, "end");
  return graph;
}

/** All graphs that `text` spells, one after another. Throws IrSyntaxError. */
export function parseGraphs(text: string): readonly Graph[] {
  const reader = readTokens(text);
  const graphs: Graph[] = [];
  while (reader.peek().kind !== "end") graphs.push(readGraph(reader, 0));
  return graphs;
}

/** The values of a graph by name, and by id their types and names. */
interface Scope {
  readonly graph: string;
  readonly ids: Map<string, ValueId>;
  readonly types: TensorType[];
  readonly names: string[];
}

function define(reader: TokenReader, scope: Scope, token: Token, type: TensorType): void {
  if (scope.ids.has(token.text))
    reader.refuse(token, {
      code: "graph.duplicate-name",
      problem: "value names are unique in a graph",
      received: `a second value named ${formatValue(token.text)}`,
    });
  checkLength(reader, token);
  scope.ids.set(token.text, scope.types.length);
  scope.types.push(type);
  scope.names.push(token.text);
}

function lookUp(reader: TokenReader, scope: Scope, token: Token): ValueId {
  const id = scope.ids.get(token.text);
  if (id !== undefined) return id;
  const nearest = findNearest(token.text, scope.names);
  return reader.refuse(token, {
    code: "ir.unknown-value",
    problem: "a value is a parameter of the graph, or the result of an earlier node of it",
    received: reader.describe(token),
    hint: nearest === undefined ? undefined : `did you mean ${formatValue(nearest)}?`,
  });
}

function readParam(reader: TokenReader, scope: Scope): Param {
  const name = expect(reader, "value");
  expect(reader, ":");
  const { type, last } = readType(reader);
  define(reader, scope, name, type);
  // The origin stands behind the comma, or behind the type of the last parameter.
  const origin = last.origin ?? (isNext(reader, ",") ? reader.peek().origin : undefined);
  return { name: name.text, type, origin };
}

function readGraph(reader: TokenReader, depth: number): Graph {
  const keyword = readWord(reader, "graph");
  if (depth > DEEPEST_NESTING)
    reader.refuse(keyword, { code: "ir.too-deep", problem: `regions are nested at most ${DEEPEST_NESTING} deep` });
  const name = readName(reader);
  const scope: Scope = { graph: name, ids: new Map(), types: [], names: [] };
  expect(reader, "(");
  const params = readList(reader, ")", () => readParam(reader, scope));
  expect(reader, "->");
  const open = expect(reader, "(");
  const declared = readList(reader, ")", () => readType(reader).type);
  expect(reader, "{");
  const nodes: Node[] = [];
  while (!isNext(reader, "return")) nodes.push(readNode(reader, scope, depth));
  const outputs = readReturn(reader, scope);
  checkOutputTypes(reader, open, scope, declared, outputs);
  const state = readStates(reader, scope, params, outputs, depth);
  expect(reader, "}");
  return { name, params, nodes, outputs, state };
}

function readNode(reader: TokenReader, scope: Scope, depth: number): Node {
  const results: Token[] = [];
  if (reader.peek().kind === "value") {
    do results.push(expect(reader, "value"));
    while (accept(reader, ","));
    expect(reader, "=");
  }
  const opToken = reader.peek();
  const op = findOp(readName(reader, "an op, a %value or return"));
  if (op === undefined)
    return reader.refuse(opToken, {
      code: "ir.unknown-op",
      problem: "every node uses an op that exists",
      received: reader.describe(opToken),
      hint: suggestName(opToken.text, Object.keys(ops)),
    });
  expect(reader, "(");
  const inputs = readList(reader, ")", () => lookUp(reader, scope, expect(reader, "value")));
  const attrs = accept(reader, "{") ? readAttrs(reader) : {};
  expect(reader, ":");
  const declared = readNodeTypes(reader);
  const regions: Graph[] = [];
  while (isNext(reader, "graph")) regions.push(readGraph(reader, depth + 1));
  const problem = nodeProblem(
    {
      op,
      inputs: inputs.map((id) => scope.types[id]),
      inputNames: () => inputs.map((id) => scope.names[id]),
      attrs,
      regions,
      graph: scope.graph,
    },
    declared.types,
  );
  if (problem !== undefined) reader.refuse(problem.code === "graph.type" ? declared.first : opToken, problem);
  if (results.length !== declared.types.length)
    reader.refuse(results[0] ?? opToken, {
      code: "ir.results",
      problem: "a node names each of its results",
      expected: `${declared.types.length} name${declared.types.length === 1 ? "" : "s"}`,
      received: `${results.length}`,
    });
  const id = scope.types.length;
  results.forEach((token, i) => {
    define(reader, scope, token, declared.types[i]);
  });
  return {
    op: op.name,
    id,
    inputs,
    attrs,
    regions,
    types: declared.types,
    names: results.map((token) => token.text),
    origin: declared.origin,
  };
}

interface NodeTypes {
  readonly types: readonly TensorType[];
  readonly first: Token;
  readonly origin: Origin | undefined;
}

function readNodeTypes(reader: TokenReader): NodeTypes {
  const first = reader.peek();
  if (accept(reader, "(")) return { types: [], first, origin: expect(reader, ")").origin };
  const types: TensorType[] = [];
  for (;;) {
    const { type, last } = readType(reader);
    types.push(type);
    if (!accept(reader, ",")) return { types, first, origin: last.origin };
  }
}

function readAttrs(reader: TokenReader): Attrs {
  const attrs = new Map<string, Attrs[string]>();
  readList(reader, "}", () => {
    const key = reader.peek();
    const name = readName(reader);
    if (attrs.has(name))
      reader.refuse(key, {
        code: "ir.duplicate-attribute",
        problem: "an attribute has one value",
        received: `a second value of ${name}`,
      });
    expect(reader, "=");
    attrs.set(name, readLiteral(reader, 0));
  });
  return Object.fromEntries(attrs);
}

function readReturn(reader: TokenReader, scope: Scope): readonly Output[] {
  readWord(reader, "return");
  const tokens: Token[] = [];
  const outputs: Output[] = [];
  if (isNext(reader, "}") || isNext(reader, "state")) return outputs;
  do {
    const token = reader.peek();
    tokens.push(token);
    if (token.kind === "value") {
      outputs.push({ name: token.text, value: lookUp(reader, scope, reader.take()) });
    } else {
      const name = readName(reader, "a %value, or a name for it");
      expect(reader, "=");
      outputs.push({ name, value: lookUp(reader, scope, expect(reader, "value")) });
    }
  } while (accept(reader, ","));
  for (const { index, fact } of duplicateOutputs(outputs)) reader.refuse(tokens[index], fact);
  return outputs;
}

function checkOutputTypes(
  reader: TokenReader,
  place: Token,
  scope: Scope,
  declared: readonly TensorType[],
  outputs: readonly Output[],
): void {
  const types = outputs.map(({ value }) => scope.types[value]);
  if (types.length === declared.length && types.every((type, i) => sameType(type, declared[i]))) return;
  reader.refuse(place, {
    code: "ir.output-types",
    problem: "the types behind -> are those of the values that the graph returns",
    expected: `(${types.map(formatType).join(", ")})`,
    received: `(${declared.map(formatType).join(", ")})`,
  });
}

function readStates(
  reader: TokenReader,
  scope: Scope,
  params: readonly Param[],
  outputs: readonly Output[],
  depth: number,
): readonly StatePair[] {
  const tokens: Token[] = [];
  const state: StatePair[] = [];
  while (isNext(reader, "state")) {
    const keyword = readWord(reader, "state");
    if (depth > 0)
      reader.refuse(keyword, {
        code: "graph.region-state",
        problem: "only the outermost graph has state, not a region",
      });
    tokens.push(reader.peek());
    const param = expect(reader, "value").text;
    expect(reader, "<-");
    state.push({ param, next: readName(reader) });
  }
  const typed = outputs.map(({ name, value }) => ({ name, type: scope.types[value] }));
  for (const { index, fact } of stateProblems(state, params, typed)) reader.refuse(tokens[index], fact);
  return state;
}
