/** Imports the weights of a model from a file of another system, as a mapping says. */
import { CheckpointError, LatchgradError, type Issue, type TensorData } from "@latchgrad/core";
import { MOST_ISSUES } from "../../config/limits.js";
import { tensorName } from "../safetensors-header.js";
import { formatStored, readSafetensors, type StoredTensor } from "../safetensors-reader.js";
import { makeWeight, type MadeWeight } from "./make-weight.js";
import type { Mapping } from "./mapping.js";
import { orderWeights, type Order } from "./order.js";
import { matchesPattern } from "./source-names.js";
import { openSource, type Source } from "./source.js";
import type { ImportingModel } from "./targets.js";

export interface ImportedWeights {
  /** In the model's order and element type. */
  readonly weights: Readonly<Record<string, TensorData>>;
  /** Weights that are zero because the source has none of their tensors: biases that it does without. */
  readonly zeros: readonly string[];
  /** Tensors of the source that are at the place of no layer; they were not read. */
  readonly others: readonly string[];
}

/**
 * The weights of a model from the bytes of a safetensors file that another system wrote. Each has a rule that makes it, with the
 * dims that the model wants, and nothing at the place of a layer is left over. Floats of another precision are rounded to the
 * model's. Throws CheckpointError with all problems at once.
 */
export function importWeights(file: Uint8Array, mapping: Mapping, model: ImportingModel): ImportedWeights {
  const source = openSource(readSafetensors(file), mapping.separator);
  const { orders, issues: orderIssues } = orderWeights(model, mapping);
  const { made, issues: makeIssues } = makeAll(orders, mapping, source);
  throwIssues([...orderIssues, ...makeIssues]);
  const places = [...new Set(orders.map(({ place }) => place.path))];
  const isAtPlace = ({ name }: StoredTensor): boolean =>
    places.some((place) => place === "" || name.startsWith(place + mapping.separator));
  throwIssues(
    source.tensors
      .filter((stored) => isAtPlace(stored) && !source.wasRead(stored) && !isIgnored(stored, mapping))
      .map(unreadIssue),
  );
  return {
    weights: Object.fromEntries([...made].map(([name, { data }]) => [name, data])),
    zeros: [...made].filter(([, { isAbsent }]) => isAbsent).map(([name]) => name),
    others: source.tensors.filter((stored) => !isAtPlace(stored)).map(({ name }) => name),
  };
}

function throwIssues(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new CheckpointError(issues.slice(0, MOST_ISSUES));
}

/** All weights that can be made. Of gates that one line of a rule makes, the first problem is told: the others have it too. */
function makeAll(
  orders: readonly Order[],
  mapping: Mapping,
  source: Source,
): { readonly made: ReadonlyMap<string, MadeWeight>; readonly issues: readonly Issue[] } {
  const made = new Map<string, MadeWeight>();
  const issues: Issue[] = [];
  const failed = new Set<string>();
  for (const order of orders) {
    const { target, recipe, place } = order;
    const line = JSON.stringify([target.layer, place, recipe.as]);
    if (failed.has(line)) continue;
    try {
      made.set(target.param.name, makeWeight(order, mapping, source));
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      failed.add(line);
      issues.push(...error.issues);
      if (issues.length >= MOST_ISSUES) break;
    }
  }
  return { made, issues };
}

const isIgnored = ({ name }: StoredTensor, { ignore, separator }: Mapping): boolean =>
  ignore.some((pattern) => matchesPattern(name, pattern, separator));

const unreadIssue = (stored: StoredTensor): Issue => ({
  code: "import.unread",
  problem: "every tensor at the place of a layer becomes part of a weight",
  at: { kind: "bytes", offset: stored.offset, name: tensorName(stored.name) },
  received: formatStored(stored),
  hint: 'if the model does without it, name it in "ignore"',
});
