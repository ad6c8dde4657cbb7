/** Kernels of plain loops over flat arrays, for ops that move elements by index or carry something along an axis. */
import type { LaneFunction, WriteLoops } from "../kernel/kernel.js";
import type { DType } from "../shape/tensor-type.js";
import { I32, type Code, type Local } from "./assembler.js";
import { BYTES, load, numbersFrom, splat, store, wasmLanes, type Operand, type Width } from "./lanes-target.js";
import type { Range } from "./sharing.js";
import { writeStop } from "./stop.js";
import { operationsOf } from "./vectorizable.js";
import { copyOf } from "./walks.js";

export interface LoopsKernel {
  readonly operands: readonly DType[];
  readonly result: DType;
  /** The number under which a wrong index is reported. */
  readonly site: number;
  readonly write: WriteLoops;
  /** Of an `each` that is not inside another loop, only these turns. */
  readonly turns?: Range;
}

/** Elements of the result from their indices and scalar values, as many at once as the width says, which divides the count. */
function fillRange(
  code: Code,
  width: Width,
  { begin, count }: Range,
  result: DType,
  target: Local,
  given: readonly Operand[],
  element: LaneFunction,
): void {
  if (count === 0) return;
  const lanes = wasmLanes(code, width, "reproducible");
  const index = width === 1 ? lanes.constant("i32", begin) : numbersFrom(code, begin);
  const values = width === 1 ? given : given.map((value) => splat(code, value));
  const address = copyOf(code, target);
  code.advance(address, begin * BYTES[result]);
  code.repeat(count / width, () => {
    store(code, element(lanes, index, ...values), address, 0, width);
    code.advance(address, width * BYTES[result]);
    code.get(lanes.add(index, lanes.constant("i32", width)).local);
    code.set(index.local);
  });
}

/** Writes the function body. Parameters: addresses of the operands and of the result. */
export function writeLoops(code: Code, { operands, result, site, write, turns: outermost }: LoopsKernel): void {
  const lanes = wasmLanes(code, 1, "reproducible");
  const copied = (value: Operand): Operand => {
    const local = code.local(value.local.type);
    code.get(value.local);
    code.set(local);
    return { dtype: value.dtype, local };
  };
  const addressOf = (array: Local, index: Operand, bytes: number): Local => {
    const address = code.local(I32);
    code.get(array);
    code.get(index.local);
    code.i32(bytes);
    code.op(0x6c, 0x6a);
    code.set(address);
    return address;
  };
  const target = code.params[operands.length];
  let depth = 0;
  const run = ({ begin, count }: Range, body: (index: Operand) => void): void => {
    if (count <= 0) return;
    const index = lanes.constant("i32", begin);
    depth++;
    code.repeat(count, () => {
      body(index);
      code.advance(index.local, 1);
    });
    depth--;
  };
  write({
    lanes,
    loop: (count, body) => {
      run({ begin: 0, count }, body);
    },
    each: (count, body) => {
      run(depth === 0 && outermost !== undefined ? outermost : { begin: 0, count }, body);
    },
    fill(count, given, element) {
      const whole = depth === 0 && outermost !== undefined ? outermost : { begin: 0, count };
      const types = ["i32" as const, ...given.map(({ dtype }) => dtype as DType)];
      const { width: most } = operationsOf([...types, result], [{ lane: element, args: [...types.keys()] }]);
      const inVectors = most === 4 ? whole.count - (whole.count % most) : 0;
      fillRange(code, 4, { begin: whole.begin, count: inVectors }, result, target, given, element);
      const rest = { begin: whole.begin + inVectors, count: whole.count - inVectors };
      fillRange(code, 1, rest, result, target, given, element);
    },
    load: (operand, index) =>
      load(code, operands[operand], addressOf(code.params[operand], index, BYTES[operands[operand]]), 0, 1, false),
    read: (index) => load(code, result, addressOf(target, index, BYTES[result]), 0, 1, false),
    write: (index, value) => {
      store(code, value, addressOf(target, index, BYTES[result]), 0, 1);
    },
    variable(initial) {
      const variable = copied(initial);
      return {
        get: () => copied(variable),
        set: (value) => {
          code.get(value.local);
          code.set(variable.local);
        },
      };
    },
    checked(index, limit) {
      code.get(index.local);
      code.i32(limit);
      // Unsigned, so that negative indices count as too large.
      code.op(0x4f);
      code.when(() => {
        writeStop(code, site, limit, () => {
          code.get(index.local);
        });
      });
      return index;
    },
  });
}
