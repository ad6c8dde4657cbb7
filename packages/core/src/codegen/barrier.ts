/**
 * Where threads of one module wait for each other, in its memory. Who comes last lets the others go. They look for
 * that a while, because it takes a microsecond when all are running, and then sleep, because there may be fewer cores than threads.
 */
import { I32, signed, unsigned, type Code } from "./assembler.js";

/** Addresses in bytes, each in a cache line of its own. */
export const SYNC = {
  /** Threads that have come to the barrier. */
  arrived: 64,
  /** Changes when a barrier opens. */
  turn: 128,
  /** Threads that sleep. */
  sleeping: 192,
  /** Not 0 when a thread was stopped: the others stop at their next barrier. */
  stopped: 196,
  /** What a plan has to leave free. */
  bytes: 256,
} as const;

/** How often a thread looks before it sleeps: some fifteen microseconds, about what sleeping and waking take. */
const LOOKS = 30_000;

const ALIGN_4 = 2;
const ATOMIC = {
  notify: [0xfe, 0x00],
  wait: [0xfe, 0x01],
  load: [0xfe, 0x10],
  store: [0xfe, 0x17],
  add: [0xfe, 0x1e],
} as const;
const [BLOCK, LOOP, END, BRANCH_IF, DROP, UNREACHABLE] = [0x02, 0x03, 0x0b, 0x0d, 0x1a, 0x00];
const [EQUAL, NOT_EQUAL, SUBTRACT, TEE] = [0x46, 0x47, 0x6b, 0x22];
const I64_CONSTANT = 0x42;
const NO_RESULT = 0x40;
const FOREVER = signed(-1);

/** Writes the body of the barrier for a number of threads. A call traps when another thread was stopped. */
export function writeBarrier(code: Code, threads: number): void {
  const atomic = (name: keyof typeof ATOMIC): void => {
    code.op(...ATOMIC[name], ALIGN_4, ...unsigned(0));
  };
  const read = (address: number): void => {
    code.i32(address);
    atomic("load");
  };
  const add = (address: number, value: number): void => {
    code.i32(address);
    code.i32(value);
    atomic("add");
  };
  const stopWithOthers = (): void => {
    read(SYNC.stopped);
    code.when(() => {
      code.op(UNREACHABLE);
    });
  };
  const turn = code.local(I32);
  const looks = code.local(I32);

  read(SYNC.turn);
  code.set(turn);
  // Who stops the others says so first and then changes the turn, so that nobody who passes here waits for it.
  stopWithOthers();
  add(SYNC.arrived, 1);
  code.i32(threads - 1);
  code.op(EQUAL);
  code.when(
    () => {
      code.i32(SYNC.arrived);
      code.i32(0);
      atomic("store");
      code.i32(SYNC.turn);
      code.get(turn);
      code.i32(1);
      code.op(0x6a);
      atomic("store");
      read(SYNC.sleeping);
      code.when(() => {
        code.i32(SYNC.turn);
        code.i32(-1);
        atomic("notify");
        code.op(DROP);
      });
    },
    () => {
      code.i32(LOOKS);
      code.set(looks);
      code.op(BLOCK, NO_RESULT, LOOP, NO_RESULT);
      read(SYNC.turn);
      code.get(turn);
      code.op(NOT_EQUAL, BRANCH_IF, 1);
      code.get(looks);
      code.i32(1);
      code.op(SUBTRACT, TEE, ...unsigned(looks.index), BRANCH_IF, 0, END);
      add(SYNC.sleeping, 1);
      code.op(DROP, LOOP, NO_RESULT);
      code.i32(SYNC.turn);
      code.get(turn);
      code.op(I64_CONSTANT, ...FOREVER);
      atomic("wait");
      code.op(DROP);
      read(SYNC.turn);
      code.get(turn);
      code.op(EQUAL, BRANCH_IF, 0, END);
      add(SYNC.sleeping, -1);
      code.op(DROP, END);
    },
  );
  stopWithOthers();
}
