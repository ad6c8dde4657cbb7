/** einsum: one or two tensors multiplied and summed as a line of letters says, "bti,ij->btj". */
import { GraphError, ShapeError } from "../errors/errors.js";
import type { Value } from "../ops/op.js";
import { formatType, type TensorType } from "../shape/tensor-type.js";
import type { Primitives } from "./primitives.js";

const SPEC = /^([A-Za-z]*)(?:,([A-Za-z]*))?->([A-Za-z]*)$/;

interface Labels {
  /** The letters of each operand, one per axis. */
  readonly operands: readonly string[];
  readonly output: string;
}

function refuseSpec(spec: string, problem: string, hint?: string): never {
  throw new GraphError([{ code: "einsum.spec", problem, at: { kind: "value", name: `einsum "${spec}"` }, hint }]);
}

const repeated = (letters: string): string | undefined =>
  [...letters].find((letter, i) => letters.indexOf(letter) !== i);

function parseSpec(spec: string, operandCount: number): Labels {
  const match = SPEC.exec(spec.replaceAll(" ", ""));
  if (match === null)
    refuseSpec(
      spec,
      "einsum names every axis by a letter, for one or two operands and the result",
      'as in "bi,ij->bj"',
    );
  const operands = [match[1], match[2]].filter((letters) => letters !== undefined);
  const output = match[3];
  if (operands.length !== operandCount)
    refuseSpec(spec, `the spec names ${operands.length} operand(s), but ${operandCount} are given`);
  for (const letters of [...operands, output]) {
    const twice = repeated(letters);
    if (twice !== undefined) refuseSpec(spec, `letter ${twice} stands once in each operand and in the result`);
  }
  const unknown = [...output].find((letter) => !operands.some((letters) => letters.includes(letter)));
  if (unknown !== undefined) refuseSpec(spec, `letter ${unknown} of the result is an axis of an operand`);
  return { operands, output };
}

/** Checks ranks, and that a letter has one dim wherever it stands. */
function checkTypes(spec: string, operands: readonly string[], types: readonly TensorType[]): void {
  const refuse = (code: string, problem: string): never => {
    const received = types.map(formatType).join(", ");
    throw new ShapeError([{ code, problem, at: { kind: "value", name: `einsum "${spec}"` }, received }]);
  };
  operands.forEach((letters, i) => {
    if (letters.length !== types[i].dims.length)
      refuse("einsum.rank", `${letters || "no letters"} names each axis of operand ${i + 1}`);
  });
  const [first, second = ""] = operands;
  const uneven = [...first].find(
    (letter, axis) => second.includes(letter) && types[0].dims[axis] !== types[1].dims[second.indexOf(letter)],
  );
  if (uneven !== undefined) refuse("einsum.sizes", `axes named ${uneven} have equal sizes`);
}

/** The axes of `letters` that satisfy `wanted`. */
const axesWhere = (letters: string, wanted: (letter: string) => boolean): number[] =>
  [...letters].flatMap((letter, axis) => (wanted(letter) ? [axis] : []));

interface Labelled {
  readonly value: Value;
  readonly letters: string;
}

/** The operand summed over the letters that `keep` does not have. */
function sumOthers(g: Primitives, { value, letters }: Labelled, keep: string): Labelled {
  const axes = axesWhere(letters, (letter) => !keep.includes(letter));
  if (axes.length === 0) return { value, letters };
  const kept = [...letters].filter((letter) => keep.includes(letter)).join("");
  return { value: g.reduceSum(value, { axes }), letters: kept };
}

function product(g: Primitives, x: Labelled, y: Labelled, output: string): Labelled {
  const shared = [...x.letters].filter((letter) => y.letters.includes(letter));
  const batch = shared.filter((letter) => output.includes(letter));
  const contracted = shared.filter((letter) => !output.includes(letter));
  const axesIn = (letters: string, wanted: readonly string[]): number[] =>
    wanted.map((letter) => letters.indexOf(letter));
  const free = [...x.letters, ...y.letters].filter((letter) => !shared.includes(letter));
  return {
    value: g.dotGeneral(x.value, y.value, {
      contractX: axesIn(x.letters, contracted),
      contractY: axesIn(y.letters, contracted),
      batchX: axesIn(x.letters, batch),
      batchY: axesIn(y.letters, batch),
    }),
    letters: [...batch, ...free].join(""),
  };
}

/**
 * The sum over all letters that the result does not have, of the product of the operands. Letters name axes: one in
 * both operands and the result runs along, one in both operands only is contracted.
 */
export function einsum(g: Primitives, spec: string, operands: readonly Value[]): Value {
  const { operands: letters, output } = parseSpec(spec, operands.length);
  checkTypes(
    spec,
    letters,
    operands.map((value) => value.type),
  );
  // What only one operand has and the result does not is summed before the product, which is then smaller.
  const summed = operands.map((value, i) =>
    sumOthers(g, { value, letters: letters[i] }, output + (letters[1 - i] ?? "")),
  );
  const result = summed.length === 2 ? product(g, summed[0], summed[1], output) : summed[0];
  return result.letters === output
    ? result.value
    : g.transpose(result.value, { order: [...output].map((letter) => result.letters.indexOf(letter)) });
}
