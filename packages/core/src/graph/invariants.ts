/**
 * What must be true of a graph, one question at a time, each answered without
 * a place: the parser adds the line, the JSON reader the pointer, the verifier the node.
 */
import { LatchgradError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import type { Output, Param, StatePair } from "../ir/graph.js";
import { inferTypes, type OpUse } from "../ops/infer.js";
import { areValidDims, formatType, sameType, type TensorType } from "../shape/tensor-type.js";
import { MOST_AXES } from "./limits.js";

/** An issue before its place is known. */
export type Fact = Omit<Issue, "at">;

const formatTypes = (types: readonly TensorType[]): string => types.map(formatType).join(", ") || "no results";

/** A parameter's type needs whole, non-negative sizes and a sane number of axes. */
export function typeProblem(type: TensorType): Fact | undefined {
  if (type.dims.length > MOST_AXES)
    return {
      code: "graph.axes",
      problem: `a type has at most ${MOST_AXES} axes`,
      received: `${type.dims.length} axes`,
    };
  if (areValidDims(type.dims)) return undefined;
  return { code: "graph.dims", problem: "every dim is a whole number, 0 or more", received: formatType(type) };
}

/** A node must be a correct use of its op, own regions only when the op has them, and state the types that follow. */
export function nodeProblem(use: OpUse, declared: readonly TensorType[]): Fact | undefined {
  if (use.op.kind === "op" && use.regions.length > 0)
    return {
      code: "graph.regions",
      problem: `${use.op.name} has no regions`,
      received: `${use.regions.length} region${use.regions.length === 1 ? "" : "s"}`,
    };
  try {
    const types = inferTypes(use);
    if (types.length === declared.length && types.every((type, i) => sameType(type, declared[i])))
      return types.map(typeProblem).find((problem) => problem !== undefined);
    return {
      code: "graph.type",
      problem: "a node states the types that follow from its operands and attributes",
      expected: formatTypes(types),
      received: formatTypes(declared),
    };
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    const { code, problem, expected, received, hint } = error.issues[0];
    return { code, problem, expected, received, hint };
  }
}

/** Output names must differ: they are how a caller asks for results. */
export const duplicateOutputs = (
  outputs: readonly Output[],
): readonly { readonly index: number; readonly fact: Fact }[] =>
  duplicates(outputs.map((output) => output.name)).map((index) => ({
    index,
    fact: {
      code: "graph.duplicate-output",
      problem: "output names are unique in a graph",
      received: `a second output named ${outputs[index].name}`,
    },
  }));

/** A state pair must join a parameter and an output of one type, and no parameter may be in two. */
export function stateProblems(
  state: readonly StatePair[],
  params: readonly Param[],
  outputs: readonly { readonly name: string; readonly type: TensorType }[],
): readonly { readonly index: number; readonly fact: Fact }[] {
  const paramTypes = new Map(params.map((param) => [param.name, param.type]));
  const outputTypes = new Map(outputs.map((output) => [output.name, output.type]));
  const repeated = new Set(duplicates(state.map((pair) => pair.param)));
  return state.flatMap(({ param, next }, index) => {
    const from = outputTypes.get(next);
    const to = paramTypes.get(param);
    if (to === undefined)
      return { index, fact: stateFact("state is kept in a parameter of the graph", `no parameter ${param}`) };
    if (from === undefined)
      return { index, fact: stateFact("state comes from an output of the graph", `no output ${next}`) };
    if (!sameType(from, to))
      return {
        index,
        fact: stateFact(
          "state has the type of its parameter",
          `${param}: ${formatType(to)}, ${next}: ${formatType(from)}`,
        ),
      };
    return repeated.has(index)
      ? { index, fact: stateFact("a parameter keeps the state of one output", `a second output for ${param}`) }
      : [];
  });
}

const stateFact = (problem: string, received: string): Fact => ({ code: "graph.state", problem, received });

/** Indices of the entries that occurred before. */
export function duplicates(names: readonly string[]): readonly number[] {
  const seen = new Set<string>();
  return names.flatMap((name, i) => {
    if (seen.has(name)) return [i];
    seen.add(name);
    return [];
  });
}
