/** The multiply-add peak: a loop that touches registers only, as a WebAssembly module written by hand. */
import { hasRelaxedSimd } from "@latchgrad/core";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { contenderOf, type Contender } from "./measure.ts";

/** Independent sums in the loop: enough to hide the latency of a multiply-add, few enough for 16 registers. */
const SUMS = 12;
const LANES = 4;
const ITERATIONS = 200_000;

const V128 = 0x7b;
const I32 = 0x7f;
const simd = (op: number): readonly number[] => [0xfd, ...uleb(op)];

/** Unsigned LEB128, WebAssembly's form of whole numbers. */
const uleb = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...uleb(value >>> 7)];

const section = (id: number, ...content: readonly number[]): readonly number[] => [
  id,
  ...uleb(content.length),
  ...content,
];
const f32 = (value: number): readonly number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
const splat = (value: number): readonly number[] => [0x43, ...f32(value), ...simd(0x13)];
const get = (local: number): readonly number[] => [0x20, local];
const set = (local: number): readonly number[] => [0x21, local];

/** (count: i32) -> f32: `count` times sum = sum * a + b on each of the sums; their total, so that none can be left out. */
function peakModule(fused: boolean): Uint8Array<ArrayBuffer> {
  const [count, a, b, firstSum] = [0, 1, 2, 3];
  const sums = Array.from({ length: SUMS }, (_, i) => firstSum + i);
  // With a = 0.5 and b = 1 the sums tend to 2: no denormal, no infinity.
  const prepare = [...splat(0.5), ...set(a), ...splat(1), ...set(b)];
  const multiplyAdd = fused ? [...get(b), ...simd(0x105)] : [...simd(0xe6), ...get(b), ...simd(0xe4)];
  const update = sums.flatMap((sum) => [...get(sum), ...get(a), ...multiplyAdd, ...set(sum)]);
  const countDown = [...get(count), 0x41, 1, 0x6b, 0x22, count];
  const loop = [0x03, 0x40, ...update, ...countDown, 0x0d, 0, 0x0b];
  const total = [...get(firstSum), ...sums.slice(1).flatMap((sum) => [...get(sum), ...simd(0xe4)]), ...simd(0x1f), 0];
  const body = [1, ...uleb(SUMS + 2), V128, ...prepare, ...loop, ...total, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 1, 0x60, 1, I32, 1, 0x7d),
    ...section(3, 1, 0),
    ...section(7, 1, 1, 0x70, 0, 0),
    ...section(10, 1, ...uleb(body.length), ...body),
  ]);
}

/** Multiply-adds of one step of the contender. */
export const PEAK_MULTIPLY_ADDS = ITERATIONS * SUMS * LANES;
export const PEAK = "multiply-add peak";

/**
 * The peak as a contender, so that it is measured in the same moments as what is compared with it. With relaxed SIMD a
 * multiply-add is one instruction, else two.
 */
export const peak = (): Contender =>
  contenderOf(PEAK, async () => {
    const { instance } = await WebAssembly.instantiate(peakModule(hasRelaxedSimd()));
    const loop = instance.exports.p as (count: number) => number;
    return { step: () => loop(ITERATIONS) };
  });

/** As many loops of the peak, so that a message from thread to thread is little beside them. */
const LOOPS_OF_TWO = 20;
export const PEAK_OF_TWO = "multiply-add peak, two threads";
/** Multiply-adds of one step of both threads together. */
export const PEAK_OF_TWO_MULTIPLY_ADDS = 2 * LOOPS_OF_TWO * PEAK_MULTIPLY_ADDS;

const SECOND_THREAD = `
  const { parentPort, workerData: module } = require("node:worker_threads");
  const { exports } = new WebAssembly.Instance(module);
  parentPort.on("message", (count) => parentPort.postMessage(exports.p(count)));
`;

/** The peak of two threads at once, which says how much of a second core this machine has to give: a host may give it to others, too. */
export const peakOfTwo = (): Contender =>
  contenderOf(PEAK_OF_TWO, async () => {
    const module = await WebAssembly.compile(peakModule(hasRelaxedSimd()));
    const { exports } = await WebAssembly.instantiate(module);
    const loop = exports.p as (count: number) => number;
    const second = new Worker(SECOND_THREAD, { eval: true, workerData: module });
    const count = LOOPS_OF_TWO * ITERATIONS;
    return {
      step: async () => {
        const ended = once(second, "message");
        second.postMessage(count);
        loop(count);
        await ended;
      },
      stop: () => void second.terminate(),
    };
  });
