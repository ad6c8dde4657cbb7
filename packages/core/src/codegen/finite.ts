/** The check of `checkFinite`: it reads a tensor once, and stops the run when an element is infinite or NaN. */
import { elementCount } from "../shape/strides.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import { BYTES, load, vectorWidth, wasmLanes, type Width } from "./lanes-target.js";
import type { Port, Step } from "./program.js";
import { writeStop } from "./stop.js";

/** Vectors at a time: a sum of its own for each, so that no addition waits for the one before. */
const SUMS = 4;

/** A step that stops the run under the number `site` unless all elements of a tensor of floats are finite. */
export function finiteStep({ dtype, dims, buffer }: Port, site: number): Step {
  const count = elementCount(dims);
  const width = vectorWidth(dtype);
  return {
    kind: "call",
    kernel: {
      key: `finite ${dtype} ${count} ${site}`,
      arity: 1,
      write: (code) => {
        const vectors = Math.floor(count / (width * SUMS));
        check(code, dtype, site, width, vectors);
        check(code, dtype, site, 1, count - vectors * width * SUMS);
      },
      sharing: () => ({
        uses: [{ span: { first: 0, bytes: count * BYTES[dtype], strides: [] }, writes: false }],
        // A load, a difference and a sum for every vector.
        work: (3 * count) / width,
        stops: true,
        // As everything that may stop a run, it is not cut, so that always the same output is reported.
        divisions: () => [],
      }),
    },
    args: [{ buffer, offset: 0, perStep: [] }],
  };
}

/** x - x is 0 for numbers and NaN for the rest, and a sum that met a NaN stays one. */
function check(code: Code, dtype: DType, site: number, width: Width, turns: number): void {
  if (turns === 0) return;
  const [address] = code.params;
  const lanes = wasmLanes(code, width, "reproducible");
  const sums = Array.from({ length: width === 1 ? 1 : SUMS }, () => lanes.constant(dtype, 0));
  const bytes = width * BYTES[dtype];
  code.repeat(turns, () => {
    sums.forEach((sum, i) => {
      const x = load(code, dtype, address, i * bytes, width, false);
      code.get(lanes.add(sum, lanes.sub(x, x)).local);
      code.set(sum.local);
    });
    code.advance(address, sums.length * bytes);
  });
  const sum = sums.reduce((all, one) => lanes.add(all, one));
  lanes.rarely(lanes.not(lanes.eq(sum, sum)), [], () => {
    writeStop(code, site, 0, () => {
      code.i32(0);
    });
    return [];
  });
}
