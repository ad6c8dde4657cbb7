/** Map kernels: one loop nest over elements for any number of fused elementwise ops. */
import type { Lanes, LaneType } from "../kernel/lanes.js";
import type { Code } from "./assembler.js";
import { typeLanes, type LaneCall, type Operations } from "./vectorizable.js";
import { load, store, wasmLanes, type Operand, type Precision, type Width } from "./lanes-target.js";
import type { Address } from "./program.js";
import { sideBySide, type Values } from "./side-by-side.js";
import { advanceWalks, beginWalks, type Walk } from "./walks.js";

export interface MapOutput extends Walk {
  /** Index of a value: inputs first, then nodes. */
  readonly value: number;
}

/** Axes are merged where `coalesce` can. */
export interface MapKernel {
  readonly dims: readonly number[];
  readonly inputs: readonly Walk[];
  readonly nodes: readonly LaneCall[];
  /** Of the nodes. */
  readonly operations: Operations;
  readonly outputs: readonly MapOutput[];
}

/** Neighbouring axes that every tensor walks over as if they were one are one. */
export function coalesce(
  dims: readonly number[],
  strides: readonly (readonly number[])[],
): { readonly dims: readonly number[]; readonly strides: readonly (readonly number[])[] } {
  const kept: number[] = [];
  const sizes: number[] = [];
  dims.forEach((size, axis) => {
    if (size === 1) return;
    const last = kept.length - 1;
    if (last >= 0 && strides.every((walk) => walk[kept[last]] === walk[axis] * size)) {
      kept[last] = axis;
      sizes[last] *= size;
    } else {
      kept.push(axis);
      sizes.push(size);
    }
  });
  return { dims: sizes, strides: strides.map((walk) => kept.map((axis) => walk[axis])) };
}

/** Whether neighbours along the last axis lie side by side, or are one element for inputs. */
const haveNeighbours = (walks: readonly Walk[], inner: (walk: number) => number, inputs: number): boolean =>
  walks.every((_, i) => inner(i) === 1 || (inner(i) === 0 && i < inputs));

/** Elements from one turn of the innermost loop to the next. */
const innerStrideOf = ({ strides }: Walk): number => strides.at(-1) ?? 1;

/** How many elements along the last axis are computed at once; fewer at its end are computed one by one. */
export function widthOfMap({ dims, inputs, operations: { width }, outputs }: MapKernel): Width {
  const walks = [...inputs, ...outputs];
  if (!haveNeighbours(walks, (walk) => innerStrideOf(walks[walk]), inputs.length)) return 1;
  return (dims.at(-1) ?? 1) >= width ? width : 1;
}

/**
 * Constants that every element needs, computed in front of all loops: an engine reads them from where it put them in one instruction, where
 * making four equal lanes of a number takes three. Those of computations that few elements need are left where they are.
 */
function heldConstants(
  { inputs, nodes }: Pick<MapKernel, "inputs" | "nodes">,
  lanes: Lanes<Operand>,
): Lanes<Operand>["constant"] {
  const held = new Map<string, Operand>();
  const keyOf = (dtype: LaneType, value: number): string => `${dtype} ${Object.is(value, -0) ? "-0" : String(value)}`;
  const types = typeLanes(() => undefined);
  const finder: Lanes<LaneType> = {
    ...types,
    constant(dtype, value) {
      const key = keyOf(dtype, value);
      if (!held.has(key)) held.set(key, lanes.constant(dtype, value));
      return dtype;
    },
    rarely: (_, usual) => usual,
  };
  const values: LaneType[] = inputs.map(({ dtype }) => dtype);
  for (const { lane, args } of nodes) values.push(lane(finder, ...args.map((arg) => values[arg])));
  return (dtype, value) => held.get(keyOf(dtype, value)) ?? lanes.constant(dtype, value);
}

/** A call with as many operations for an element has a chain that a processor does not see the end of. */
const LONG_CALL = 12;
/** Vectors that are computed side by side where calls are long, and operations in a turn of the loop at most. */
const BESIDE_LONG_CALLS = [4, 2];
const MOST_OPERATIONS = 1000;
/** Operations, loads and stores in a turn of the loop at least where no call is long: below, what moves on takes the longer part. */
const LEAST_PER_TURN = 32;
const BESIDE_SHORT_CALLS = [1, 2, 4, 8];

/** How many vectors of elements a turn of the innermost loop computes, side by side. Decision 0067. */
function vectorsPerTurn({ inputs, operations, outputs }: MapKernel, vectors: number): number {
  // An offset in an instruction is not negative.
  if ([...inputs, ...outputs].some((walk) => innerStrideOf(walk) < 0)) return 1;
  if (operations.counts.some((count) => count >= LONG_CALL))
    return BESIDE_LONG_CALLS.find((count) => count <= vectors && count * operations.count <= MOST_OPERATIONS) ?? 1;
  const each = inputs.length + outputs.length + operations.count;
  const fitting = BESIDE_SHORT_CALLS.filter((count) => count <= vectors);
  return fitting.find((count) => count * each >= LEAST_PER_TURN) ?? fitting.at(-1) ?? 1;
}

/** Vectors that are held while a row of elements is computed, at most. */
const MOST_HELD = 6;

/** Whether two addresses may be the same: what parameters hold is not known. */
const mayMeet = (a: Address, b: Address): boolean =>
  a.base?.index === b.base?.index
    ? a.bytes === b.bytes
    : a.base !== undefined && b.base !== undefined && a.bytes === 0 && b.bytes === 0;

/** Writes the kernel's function body. Addresses: of the inputs, then of the outputs. */
export function writeMap(code: Code, kernel: MapKernel, precision: Precision, addresses: readonly Address[]): void {
  const { dims, inputs, nodes, outputs } = kernel;
  if (dims.includes(0)) return;
  const walks: readonly Walk[] = [...inputs, ...outputs];
  const rank = dims.length;
  const innerSize = dims.at(-1) ?? 1;
  const innerStride = (walk: number): number => innerStrideOf(walks[walk]);
  const vector = widthOfMap(kernel);
  const positions = beginWalks(code, addresses, walks);
  const held = vector === 1 ? undefined : heldConstants(kernel, wasmLanes(code, vector, precision));

  /** Loads elements of an input, `ahead` vectors behind where its walk stands. */
  const loadAt = (input: number, width: Width, ahead: number): Operand => {
    const { at, bytes, strides } = positions[input];
    const step = (strides.at(-1) ?? 0) * width * ahead;
    return load(code, inputs[input].dtype, at, bytes + step, width, innerStride(input) === 0);
  };
  const outputsOf = new Map<number, number[]>();
  outputs.forEach(({ value }, output) => {
    const others = outputsOf.get(value);
    if (others === undefined) outputsOf.set(value, [output]);
    else others.push(output);
  });
  const copied = [...outputs.keys()].filter((output) => outputs[output].value < inputs.length);

  // What is read is loaded where it is first needed, and what is wanted is stored at once, so that few values wait in registers.
  const elements = (width: Width, count: number, rowValues: ReadonlyMap<number, Operand>): void => {
    const plain = wasmLanes(code, width, precision);
    const withHeld = held === undefined || width === 1 ? plain : { ...plain, constant: held };
    const lanes = sideBySide(withHeld, count);
    const values = new Map<number, Values<Operand>>();
    for (const [input, value] of rowValues) values.set(input, new Array<Operand>(count).fill(value));
    const valueOf = (value: number): Values<Operand> => {
      const known = values.get(value);
      if (known !== undefined) return known;
      const first = loadAt(value, width, 0);
      const loaded = Array.from({ length: count }, (_, ahead) =>
        ahead === 0 || innerStride(value) === 0 ? first : loadAt(value, width, ahead),
      );
      values.set(value, loaded);
      return loaded;
    };
    const storeAll = (due: readonly number[] = []): void => {
      for (const output of due) {
        const result = valueOf(outputs[output].value);
        const address = addresses[inputs.length + output];
        // What lies at the same place is not there any more after this.
        for (let input = 0; input < inputs.length; input++) if (mayMeet(addresses[input], address)) valueOf(input);
        const { at, bytes, strides } = positions[inputs.length + output];
        result.forEach((each, ahead) => {
          store(code, each, at, bytes + (strides.at(-1) ?? 0) * width * ahead, width);
        });
      }
    };
    storeAll(copied);
    nodes.forEach(({ lane, args }, i) => {
      const value = inputs.length + i;
      values.set(value, lane(lanes, ...args.map(valueOf)));
      storeAll(outputsOf.get(value));
    });
  };
  const advanceAll = (by: (strides: readonly number[]) => number): void => {
    advanceWalks(code, positions, by);
  };
  /** Inputs of which one element is needed along the whole innermost axis: nothing that is written lies at the same place. */
  const ofRows = inputs.flatMap((walk, i) => (rank > 1 && innerStrideOf(walk) === 0 ? [i] : [])).slice(0, MOST_HELD);
  const inner = (): void => {
    const vectors = Math.floor(innerSize / vector);
    const perTurn = vectorsPerTurn(kernel, vectors);
    const rowValues =
      vector > 1 && vectors > 1
        ? new Map(ofRows.map((input) => [input, loadAt(input, vector, 0)] as const))
        : new Map<number, Operand>();
    const run = (width: Width, turns: number, count: number): void => {
      if (turns === 0) return;
      code.repeat(turns, () => {
        elements(width, count, width === vector ? rowValues : new Map());
        if (rank > 0) advanceAll((strides) => strides[rank - 1] * width * count);
      });
    };
    run(vector, Math.floor(vectors / perTurn), perTurn);
    run(vector, vectors % perTurn, 1);
    run(1, innerSize % vector, 1);
  };
  const nest = (axis: number): void => {
    if (axis >= rank - 1) {
      inner();
      return;
    }
    code.repeat(dims[axis], () => {
      nest(axis + 1);
      // The inner loops have walked over the whole of the next axis; go on from there.
      advanceAll((strides) => strides[axis] - strides[axis + 1] * dims[axis + 1]);
    });
  };
  nest(0);
}
