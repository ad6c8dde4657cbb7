/** What a task gives a model: the names and types of inputs and targets. */
import { formatType, GraphError, type TensorType } from "@latchgrad/core";

/**
 * Usual names: inputs `x`, [B,T,features] of floats or [B,T] of ids (i32), and `lengths`, i32[B]; targets `y` and `mask`. Batch
 * and time are symbols, so that one graph serves every batch.
 */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorType>>;
  readonly targets: Readonly<Record<string, TensorType>>;
}

/** Parameters of every training graph, besides weights, inputs and targets: the run's key and the number of the step. */
export const KEY_PARAM = "key";
export const STEP_PARAM = "step";
/** The parameter of a graph of parts of sequences that says which of them begin, bool[B]. */
export const BEGINS_PARAM = "begins";
const RESERVED: readonly string[] = [KEY_PARAM, STEP_PARAM, BEGINS_PARAM];

/** Checks what a task promises: the names of inputs and targets differ, and none is taken by the graph itself. */
export function checkSignature({ inputs, targets }: Signature): void {
  const names = [...Object.keys(inputs), ...Object.keys(targets)];
  const wrong = names.filter((name, i) => names.indexOf(name) !== i || RESERVED.includes(name) || name.includes("."));
  if (wrong.length === 0) return;
  throw new GraphError(
    wrong.map((name) => ({
      code: "signature.name",
      problem: `inputs and targets have different names, without dots, other than ${RESERVED.join(", ")}`,
      at: { kind: "value", name: `${name}: ${formatType(inputs[name] ?? targets[name])}` },
    })),
  );
}
