/**
 * Runs kernel descriptions on number lanes, literally and slowly: what code generation has to do, without any
 * machine code. Stricter than a target needs to be: it refuses what a description promises not to do.
 */
import type { Kernel, LaneFunction, LoopCode } from "../src/kernel/kernel.js";
import type { LaneType } from "../src/kernel/lanes.js";
import { laneOf, numberLanes, numberOf, type NumberLane } from "../src/kernel/number-lanes.js";
import { axisOfParts, joinParts, PARTS } from "../src/kernel/parts.js";
import { elementCount, forEachOffset, stridesOf } from "../src/shape/strides.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import type { TensorType } from "../src/shape/tensor-type.js";

type KernelOf<K extends Kernel["kind"]> = Extract<Kernel, { readonly kind: K }>;

/** Thrown where compiled code would stop: `checked` found an index out of range. */
export class IndexOutOfRange extends Error {}

const lanes = numberLanes();

const laneAt = ({ type, data }: Tensor, i: number): NumberLane => laneOf(type.dtype, data[i]);

/** The number of a lane that has to have the type. */
function numberOfType(lane: NumberLane, dtype: LaneType): number {
  if (lane.dtype !== dtype) throw new TypeError(`a result of type ${dtype}, not ${lane.dtype}`);
  return numberOf(lane);
}

/** The elements of the result, each written once. */
function result(type: TensorType): { readonly data: Float64Array; write(i: number, value: number): void } {
  const data = new Float64Array(elementCount(sizesOf(type)));
  const written = new Set<number>();
  return {
    data,
    write(i, value) {
      if (!(i >= 0 && i < data.length)) throw new RangeError(`element ${i} of ${data.length}`);
      if (written.has(i)) throw new RangeError(`element ${i} is written twice`);
      written.add(i);
      data[i] = value;
    },
  };
}

const runMap = (lane: LaneFunction, inputs: readonly Tensor[], type: TensorType): Float64Array =>
  new Float64Array(elementCount(sizesOf(type))).map((_, i) =>
    numberOfType(lane(lanes, ...inputs.map((input) => laneAt(input, i))), type.dtype),
  );

function runView({ starts, reads }: KernelOf<"view">, [x]: readonly Tensor[], type: TensorType): Float64Array {
  const from = stridesOf(sizesOf(x.type));
  const start = starts.reduce((sum, at, axis) => sum + at * from[axis], 0);
  const strides = reads.map((read) => (read === "repeat" ? 0 : read.step * from[read.axis]));
  const { data, write } = result(type);
  forEachOffset(sizesOf(type), strides, start, (flat, offset) => {
    write(flat, x.data[offset]);
  });
  return data;
}

function runPlace({ placements, fill }: KernelOf<"place">, inputs: readonly Tensor[], type: TensorType): Float64Array {
  const to = stridesOf(sizesOf(type));
  const { data, write } = result(type);
  if (fill !== undefined) data.fill(inputs[fill].data[0]);
  let placed = 0;
  placements.forEach(({ low, spacing }, i) => {
    const start = low.reduce((sum, at, axis) => sum + at * to[axis], 0);
    const strides = spacing.map((by, axis) => by * to[axis]);
    forEachOffset(sizesOf(inputs[i].type), strides, start, (flat, offset) => {
      write(offset, inputs[i].data[flat]);
      placed++;
    });
  });
  if (fill === undefined && placed < data.length) throw new RangeError("elements of the result are left out");
  return data;
}

/** Axes of an operand moved to the end of its index, and the sizes and strides of both groups. */
function split(type: TensorType, axes: readonly number[]) {
  const sizes = sizesOf(type);
  const strides = stridesOf(sizes);
  const pick = (chosen: readonly number[]) => ({
    sizes: chosen.map((axis) => sizes[axis]),
    strides: chosen.map((axis) => strides[axis]),
  });
  return { rest: pick(sizes.map((_, axis) => axis).filter((axis) => !axes.includes(axis))), chosen: pick(axes) };
}

function runReduce({ axes, initial, combine }: KernelOf<"reduce">, [x]: readonly Tensor[], type: TensorType) {
  const { rest, chosen } = split(x.type, axes);
  const { data, write } = result(type);
  forEachOffset(rest.sizes, rest.strides, 0, (flat, first) => {
    const parts = Array.from({ length: PARTS }, () => laneOf(type.dtype, initial));
    const last = chosen.sizes[axisOfParts(chosen.sizes) ?? -1] ?? 1;
    let count = 0;
    forEachOffset(chosen.sizes, chosen.strides, first, (_, offset) => {
      const part = (count++ % last) % PARTS;
      parts[part] = combine(lanes, parts[part], laneAt(x, offset));
    });
    write(
      flat,
      numberOfType(
        joinParts(parts, (a, b) => combine(lanes, a, b)),
        type.dtype,
      ),
    );
  });
  return data;
}

function runContract(kernel: KernelOf<"contract">, [x, y, addend]: readonly Tensor[], type: TensorType): Float64Array {
  const { contractX, contractY, batchX, batchY } = kernel;
  const [left, right] = [split(x.type, [...batchX, ...contractX]), split(y.type, [...batchY, ...contractY])];
  const [batches, depth] = [batchX.length, contractX.length];
  const { data, write } = result(type);
  let to = 0;
  /** The strides of a group of axes, where axes of the other operand count as 0. */
  const none = (count: number): readonly number[] => new Array<number>(count).fill(0);
  const outSizes = [...left.chosen.sizes.slice(0, batches), ...left.rest.sizes, ...right.rest.sizes];
  const strideX = [...left.chosen.strides.slice(0, batches), ...left.rest.strides, ...none(right.rest.sizes.length)];
  const strideY = [...right.chosen.strides.slice(0, batches), ...none(left.rest.sizes.length), ...right.rest.strides];
  const offsets = (sizes: readonly number[], strides: readonly number[], start: number): readonly number[] => {
    const found: number[] = [];
    forEachOffset(sizes, strides, start, (_, offset) => found.push(offset));
    return found;
  };
  const startsY = offsets(outSizes, strideY, 0);
  offsets(outSizes, strideX, 0).forEach((startX, i) => {
    const depthSizes = left.chosen.sizes.slice(batches, batches + depth);
    const fromY = offsets(depthSizes, right.chosen.strides.slice(batches), startsY[i]);
    const sum = offsets(depthSizes, left.chosen.strides.slice(batches), startX).reduce(
      (total, fromX, k) => lanes.add(total, lanes.mul(laneAt(x, fromX), laneAt(y, fromY[k]))),
      kernel.hasAddend ? laneAt(addend, i) : laneOf(type.dtype, 0),
    );
    write(to++, numberOfType(sum, type.dtype));
  });
  return data;
}

function runOverlap(
  { axes, steps, dilations }: KernelOf<"overlap">,
  [x]: readonly Tensor[],
  type: TensorType,
): Float64Array {
  const to = stridesOf(sizesOf(type));
  const strides = [
    ...to.map((stride, axis) => stride * (steps[axes.indexOf(axis)] ?? 1)),
    ...axes.map((axis, i) => to[axis] * dilations[i]),
  ];
  const data = new Float64Array(elementCount(sizesOf(type)));
  forEachOffset(sizesOf(x.type), strides, 0, (flat, offset) => {
    if (!(offset < data.length)) throw new RangeError(`element ${offset} of ${data.length}`);
    data[offset] = numberOfType(lanes.add(laneOf(type.dtype, data[offset]), laneAt(x, flat)), type.dtype);
  });
  return data;
}

function runPrefix(
  { axis, reverse, initial, next }: KernelOf<"prefix">,
  inputs: readonly Tensor[],
  type: TensorType,
): Float64Array {
  const elements = inputs.filter((_, i) => !initial.includes(i));
  const [{ type: whole }] = elements;
  const { rest } = split(whole, [axis]);
  const [length, stride] = [sizesOf(whole)[axis], stridesOf(sizesOf(whole))[axis]];
  const count = elementCount(sizesOf(whole));
  const { data, write } = result(type);
  forEachOffset(rest.sizes, rest.strides, 0, (line, first) => {
    let states = initial.map((i) => laneAt(inputs[i], line));
    for (let t = 0; t < length; t++) {
      const at = first + (reverse ? length - 1 - t : t) * stride;
      const here = elements.map((x) => laneAt(x, at));
      const before = states;
      states = before.length === 0 ? [here[0]] : next.map((lane) => lane(lanes, ...before, ...here));
      states.forEach((state, i) => {
        write(i * count + at, numberOfType(state, type.dtype));
      });
    }
  });
  return data;
}

/** A run of LoopCode.each: which turn it is at, and which turns have read and written the elements of the result. */
interface Turns {
  current: number;
  readonly written: Map<number, number>;
  readonly read: Map<number, Set<number>>;
}

/** Checks that a turn of `each` keeps to itself. */
function turnWatch() {
  const around: Turns[] = [];
  const refuse = (i: number): never => {
    throw new RangeError(`element ${i} is used by two turns of each`);
  };
  return {
    depth: () => around.length,
    run(count: number, body: (index: number) => void): void {
      const turns: Turns = { current: 0, written: new Map(), read: new Map() };
      around.push(turns);
      // Backward, so that what needs another order is wrong, too.
      for (turns.current = count - 1; turns.current >= 0; turns.current--) body(turns.current);
      around.pop();
    },
    reads(i: number): void {
      for (const { current, written, read } of around) {
        if ((written.get(i) ?? current) !== current) refuse(i);
        read.set(i, (read.get(i) ?? new Set()).add(current));
      }
    },
    writes(i: number): void {
      for (const { current, written, read } of around) {
        const users = [written.get(i) ?? current, ...(read.get(i) ?? [])];
        if (users.some((turn) => turn !== current)) refuse(i);
        written.set(i, current);
      }
    },
  };
}

function runLoops(
  write: KernelOf<"loops">["write"],
  inputs: readonly (Tensor | undefined)[],
  type: TensorType,
  before: Float64Array | undefined,
): Float64Array {
  const data = before ?? new Float64Array(elementCount(sizesOf(type)));
  const written = new Set<number>(before?.keys());
  const flat = (lane: NumberLane, length: number): number => {
    const i = numberOfType(lane, "i32");
    if (!(i >= 0 && i < length)) throw new RangeError(`element ${i} of ${length}`);
    return i;
  };
  const watch = turnWatch();
  const code: LoopCode<NumberLane> = {
    lanes,
    loop(count, body) {
      for (let i = 0; i < count; i++) body(laneOf("i32", i));
    },
    each(count, body) {
      watch.run(count, (i) => {
        body(laneOf("i32", i));
      });
    },
    fill(count, given, element) {
      code.each(count, (i) => {
        code.write(i, element(lanes, i, ...given));
      });
    },
    load(operand, index) {
      const x = inputs[operand];
      if (x === undefined) throw new TypeError(`operand ${operand} is not for loading`);
      return laneAt(x, flat(index, x.data.length));
    },
    read(index) {
      const i = flat(index, data.length);
      if (!written.has(i)) throw new RangeError(`element ${i} is read before it is written`);
      watch.reads(i);
      return laneOf(type.dtype, data[i]);
    },
    write(index, value) {
      const i = flat(index, data.length);
      watch.writes(i);
      written.add(i);
      data[i] = numberOfType(value, type.dtype);
    },
    variable(initial) {
      const home = watch.depth();
      let current = initial;
      return {
        get: () => current,
        set(value) {
          numberOfType(value, initial.dtype);
          if (watch.depth() !== home) throw new RangeError("a turn of each sets a variable from outside");
          current = value;
        },
      };
    },
    checked(index, limit) {
      const i = numberOfType(index, "i32");
      if (i < 0 || i >= limit) throw new IndexOutOfRange(`${i} of ${limit}`);
      return index;
    },
  };
  write(code);
  if (written.size < data.length) throw new RangeError("elements of the result are left out");
  return data;
}

/** The elements of the result. */
export function runKernel(kernel: Kernel, inputs: readonly Tensor[], type: TensorType): Float64Array {
  switch (kernel.kind) {
    case "map":
      return runMap(kernel.lane, inputs, type);
    case "constant": {
      const { data } = kernel;
      const count = elementCount(sizesOf(type));
      if (data.length !== 1 && data.length !== count) throw new RangeError(`${data.length} elements of ${count}`);
      return new Float64Array(count).map((_, i) => data[data.length === 1 ? 0 : i]);
    }
    case "view":
      return runView(kernel, inputs, type);
    case "reshape":
      return Float64Array.from(inputs[0].data);
    case "place":
      return runPlace(kernel, inputs, type);
    case "reduce":
      return runReduce(kernel, inputs, type);
    case "contract":
      return runContract(kernel, inputs, type);
    case "overlap":
      return runOverlap(kernel, inputs, type);
    case "prefix":
      return runPrefix(kernel, inputs, type);
    case "loops":
      return runLoops(kernel.write, inputs, type, undefined);
    case "update":
      return runLoops(kernel.write, [undefined, ...inputs.slice(1)], type, Float64Array.from(inputs[0].data));
    default:
      return kernel satisfies never;
  }
}
