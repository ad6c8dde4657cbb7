/** Products of one example's tensors: `@` by NumPy's rule, outer and dot. Each becomes one dotGeneral. */
import { einsum } from "../graph/einsum.js";
import type { Dims } from "../shape/tensor-type.js";
import { dimsOfExample, tensorOf, type TensorQuantity, type TensorScope } from "./quantity.js";

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

interface Spelled {
  readonly tensor: TensorQuantity;
  /** A letter for each axis of one example. */
  readonly letters: string;
}

/** The product over the letters that the result does not have. Axes of the batch run along in front. */
function contract(scope: TensorScope, x: Spelled, y: Spelled, result: string): TensorQuantity {
  const batch = LETTERS.slice(-scope.batch.length || LETTERS.length).join("");
  const spell = ({ tensor, letters }: Spelled): string => (tensor.batched ? batch : "") + letters;
  const batched = x.tensor.batched || y.tensor.batched;
  const output = (batched ? batch : "") + result;
  // The batch comes first in the result by itself when the tensor that has it stands first.
  const [first, second] = !x.tensor.batched && y.tensor.batched ? [y, x] : [x, y];
  const spec = `${spell(first)},${spell(second)}->${output}`;
  return tensorOf(einsum(scope.g, spec, [first.tensor.value, second.tensor.value]), batched);
}

/**
 * x @ y: sums the last axis of x with the last but one of y (its only one, for a vector). Axes in front of matrices have
 * equal sizes, or one side has none. Undefined where the shapes do not fit.
 */
export function matrixProduct(scope: TensorScope, x: TensorQuantity, y: TensorQuantity): TensorQuantity | undefined {
  const [left, right] = [dimsOfExample(scope, x), dimsOfExample(scope, y)];
  if (left.length === 0 || right.length === 0) return undefined;
  const summed = right[Math.max(0, right.length - 2)];
  if (left.at(-1) !== summed) return undefined;
  const stackX = left.slice(0, -2);
  const stackY = right.slice(0, -2);
  const stacks = stackX.length >= stackY.length ? stackX : stackY;
  if (!isTail(stackX, stacks) || !isTail(stackY, stacks)) return undefined;

  const letters = LETTERS.slice(3, 3 + stacks.length);
  const [i, j, k] = LETTERS;
  const lettersX = [...letters.slice(stacks.length - stackX.length), ...(left.length > 1 ? [i] : []), j].join("");
  const lettersY = [...letters.slice(stacks.length - stackY.length), j, ...(right.length > 1 ? [k] : [])].join("");
  const result = [...letters, ...(left.length > 1 ? [i] : []), ...(right.length > 1 ? [k] : [])].join("");
  return contract(scope, { tensor: x, letters: lettersX }, { tensor: y, letters: lettersY }, result);
}

const isTail = (dims: Dims, of: Dims): boolean => dims.every((dim, i) => dim === of[of.length - dims.length + i]);

/** All products of an element of x with one of y: the axes of x, then those of y. */
export function outerProduct(scope: TensorScope, x: TensorQuantity, y: TensorQuantity): TensorQuantity {
  const rank = dimsOfExample(scope, x).length;
  const letters = LETTERS.slice(0, rank + dimsOfExample(scope, y).length).join("");
  return contract(
    scope,
    { tensor: x, letters: letters.slice(0, rank) },
    { tensor: y, letters: letters.slice(rank) },
    letters,
  );
}

/** Σ x·y over all axes of one example; the dims are equal. */
export function dotProduct(scope: TensorScope, x: TensorQuantity, y: TensorQuantity): TensorQuantity {
  const letters = LETTERS.slice(0, dimsOfExample(scope, x).length).join("");
  return contract(scope, { tensor: x, letters }, { tensor: y, letters }, "");
}
