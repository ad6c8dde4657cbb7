/** The weights of a model in a file: are they all there, is nothing else, and does each have the type that the model wants? */
import { CheckpointError, findNearest, formatType, sameDims, type Issue, type TensorData } from "@latchgrad/core";
import { MOST_ISSUES } from "../config/limits.js";
import type { ParamSpec } from "../params.js";
import { WRITTEN } from "./safetensors-format.js";
import { tensorName } from "./safetensors-header.js";
import { formatStored, readSafetensors, readTensor, type StoredTensor } from "./safetensors-reader.js";

/**
 * The weights of a model from the bytes of a safetensors file, by name and in the model's order. The file has exactly the model's
 * weights, each in its type. Throws CheckpointError with all problems at once.
 */
export function readWeights(
  file: Uint8Array,
  { params }: { readonly params: readonly ParamSpec[] },
): Readonly<Record<string, TensorData>> {
  const { tensors } = readSafetensors(file);
  const names = new Set(params.map(({ name }) => name));
  const strays = [...tensors.values()].filter(({ name }) => !names.has(name));
  const absent = params.filter(({ name }) => !tensors.has(name));
  const issues = [
    ...absent.slice(0, MOST_ISSUES).map((param) => missingIssue(param, strays, tensors.size)),
    ...params.flatMap((param) => typeIssues(param, tensors.get(param.name))),
    ...strays.slice(0, MOST_ISSUES).map((stray) => strayIssue(stray, absent)),
  ];
  if (issues.length > 0) throw new CheckpointError(issues.slice(0, MOST_ISSUES));
  return Object.fromEntries(
    params.flatMap(({ name }) => {
      const stored = tensors.get(name);
      return stored === undefined ? [] : [[name, readTensor(stored)]];
    }),
  );
}

const issueAt = (code: string, name: string, facts: Omit<Issue, "code" | "at">): Issue => ({
  code: `weights.${code}`,
  ...facts,
  at: { kind: "value", name: `weight ${name}` },
});

/** Names that are compared at most, to find the one that was meant: a file may hold millions. */
const MOST_COMPARED = 1000;

const nearestTo = (name: string, others: readonly { readonly name: string }[]): string | undefined =>
  findNearest(
    name,
    others.slice(0, MOST_COMPARED).map((other) => other.name),
  );

function missingIssue({ name, type }: ParamSpec, strays: readonly StoredTensor[], count: number): Issue {
  const nearest = nearestTo(name, strays);
  const foreign = strays.length === count && count > 0;
  return issueAt("missing", name, {
    problem: "the file has every weight of the model",
    expected: formatType(type),
    hint:
      nearest !== undefined
        ? `the file has "${nearest}"`
        : foreign
          ? "no name in the file is one of the model; weights of another system are imported with a mapping"
          : undefined,
  });
}

function strayIssue({ name, dtype, dims, offset }: StoredTensor, absent: readonly ParamSpec[]): Issue {
  const nearest = nearestTo(name, absent);
  return {
    code: "weights.unknown",
    problem: "every tensor of the file is a weight of the model",
    at: { kind: "bytes", offset, name: tensorName(name) },
    received: formatStored({ dtype, dims }),
    hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
  };
}

/** What is wrong with the tensor of one weight, where there is one. */
function typeIssues({ name, type }: ParamSpec, stored: StoredTensor | undefined): readonly Issue[] {
  if (stored === undefined) return [];
  const facts = { expected: formatType(type), received: formatStored(stored) };
  const issues: Issue[] = [];
  if (!sameDims(stored.dims, type.dims))
    issues.push(
      issueAt("shape", name, {
        problem: "a weight has the dims that the model gives it",
        ...facts,
        hint: sameDims(stored.dims.toReversed(), type.dims)
          ? "transposed it would fit; weights of another system are imported with a mapping"
          : undefined,
      }),
    );
  if (stored.dtype !== WRITTEN[type.dtype].name)
    issues.push(issueAt("dtype", name, { problem: "a weight has the element type of the model", ...facts }));
  return issues;
}
