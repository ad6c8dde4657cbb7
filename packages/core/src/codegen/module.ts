/** From a program and its memory plan to the bytes of a WebAssembly module with one exported function, `run`. */
import { writeBarrier } from "./barrier.js";
import { I32, moduleBuilder, type Code, type Local } from "./assembler.js";
import { wasmLanes, type Precision } from "./lanes-target.js";
import { perThreadBytes, type MemoryPlan } from "./plan-memory.js";
import { withPointers, type Block, type Kernel, type Loop, type Place, type Program, type Step } from "./program.js";
import type { Schedule } from "./schedule.js";
import type { Piece } from "./sharing.js";
import { writeStop } from "./stop.js";

const EQUALS_ZERO = 0x45;
const PAGE_BYTES = 65_536;
/** The number of the only imported function. */
const PROBE = 0;
/** As many addresses as an engine can keep in registers while a kernel uses them. */
const MOST_POINTERS = 4;

/** An address: bytes that are known, and what moves with counters of loops or differs from thread to thread. */
interface AddressParts {
  readonly bytes: number;
  readonly moves: readonly { readonly local: Local; readonly bytes: number }[];
}

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pages: number;
}

/** `run` has no parameter; with a schedule for several threads, the number of the thread. */
export function writeModule(program: Program, plan: MemoryPlan, scheduled?: Schedule): CompiledModule {
  const module = moduleBuilder(program.isObserved ? [{ name: "probe", params: 2 }] : []);
  const run = module.function("run", scheduled === undefined ? 0 : 1, (code) => {
    const counters = new Map<Loop, Local>();
    const [thread] = code.params;
    /** `perThread`: bytes from what one thread gets to what the next one gets, beside what it has of its own. */
    const partsOf = ({ buffer, offset, perStep }: Place, shift = 0, perThread = 0): AddressParts => {
      const ofThread = scheduled === undefined ? 0 : perThread + perThreadBytes(buffer);
      const moves = perStep.flatMap(({ loop, bytes }) => {
        const counter = counters.get(loop);
        return counter === undefined || bytes === 0 ? [] : [{ local: counter, bytes }];
      });
      return {
        bytes: plan.addresses[buffer.id] + offset + shift,
        moves: ofThread === 0 ? moves : [{ local: thread, bytes: ofThread }, ...moves],
      };
    };
    /** Puts bytes and what moves on the stack as one number. */
    const sum = ({ bytes, moves }: AddressParts): void => {
      code.i32(bytes);
      for (const { local, bytes: by } of moves) {
        code.get(local);
        code.i32(by);
        code.op(0x6c, 0x6a);
      }
    };
    const address = (place: Place): void => {
      sum(partsOf(place));
    };
    /** Puts the mask at a place on the stack. */
    const mask = (place: Place): void => {
      address(place);
      code.op(0x28, 2, 0);
    };
    const counterOf = (loop: Loop): Local => counters.get(loop) ?? code.local(I32);
    const writeLeave = ({ loop, unless, site }: Extract<Step, { readonly kind: "leave" }>): void => {
      mask(unless);
      code.op(EQUALS_ZERO);
      // Out of the block around the loop; a loop of one step is written without a loop of its own.
      code.leave(loop.count === 1 ? 0 : 1);
      code.get(counterOf(loop));
      code.i32(loop.count - 1);
      code.op(0x46);
      code.when(() => {
        writeStop(code, site, loop.count - 1, () => {
          code.get(counterOf(loop));
        });
      });
    };
    const writeBranch = ({ condition, then, otherwise }: Extract<Step, { readonly kind: "branch" }>): void => {
      mask(condition);
      code.when(
        () => {
          writeBlock(then);
        },
        () => {
          writeBlock(otherwise);
        },
      );
    };
    /** Writes what thread 0 does alone. */
    const writeSolo = (body: () => void): void => {
      code.get(thread);
      code.op(EQUALS_ZERO);
      code.when(body);
    };
    /** Calls a kernel, whose parameters are what it cannot know of its addresses. */
    const call = (kernel: Kernel, args: readonly AddressParts[]): void => {
      const { key, arity, write } = kernel;
      if (kernel.takesPlaces !== true || arity <= MOST_POINTERS) {
        args.forEach(sum);
        code.call(module.function(key, arity, withPointers(kernel)));
        return;
      }
      const bases = new Map<string, number>();
      const addresses = args.map(({ bytes, moves }) => {
        if (moves.length === 0) return { bytes };
        // An instruction adds to what is not negative.
        const rest = moves.some((move) => move.bytes < 0) ? bytes : 0;
        const name = JSON.stringify([rest, moves.map((move) => [move.local.index, move.bytes])]);
        const base = bases.get(name) ?? bases.size;
        if (base === bases.size) {
          bases.set(name, base);
          sum({ bytes: rest, moves });
        }
        return { base, bytes: bytes - rest };
      });
      const placed = (body: Code): void => {
        write(
          body,
          addresses.map(({ base, bytes }) => ({ base: base === undefined ? undefined : body.params[base], bytes })),
        );
      };
      code.call(module.function(`${key} at ${JSON.stringify(addresses)}`, bases.size, placed));
    };
    const writeCall = (step: Step & { readonly kind: "call" }): void => {
      const shares = scheduled?.pieces.get(step);
      if (shares === undefined) {
        call(
          step.kernel,
          step.args.map((place) => partsOf(place)),
        );
      } else
        for (const { kernel, first, count, shifts, perThread } of runsOf(shares)) {
          const body = (): void => {
            call(
              kernel,
              step.args.map((place, i) => partsOf(place, shifts[i], perThread[i])),
            );
          };
          if (count === shares.length) body();
          else {
            code.get(thread);
            code.i32(first);
            code.op(0x6b);
            code.i32(count);
            // Unsigned, so that threads before the first count as too large.
            code.op(0x49);
            code.when(body);
          }
        }
    };
    const writeBlock = (block: Block): void => {
      for (const step of block.steps) {
        if (scheduled?.barriers.has(step) === true)
          code.call(
            module.function("barrier", 0, (body) => {
              writeBarrier(body, scheduled.threads);
            }),
          );
        if (step.kind === "loop" || step.kind === "branch") {
          const body = (): void => {
            if (step.kind === "loop") writeLoop(code, step.loop);
            else writeBranch(step);
          };
          if (scheduled?.solo.has(step) === true) writeSolo(body);
          else body();
        } else if (step.kind === "call") writeCall(step);
        else if (step.kind === "leave") writeLeave(step);
        else if (step.kind === "probe") {
          code.i32(step.id);
          if (step.place === undefined) code.i32(0);
          else address(step.place);
          code.call(PROBE);
        } else if (step.kind === "index") {
          address(step.place);
          code.get(counterOf(step.loop));
          code.op(0x36, 2, 0);
        }
      }
    };
    const writeLoop = (into: Code, loop: Loop): void => {
      const counter = into.local(I32);
      counters.set(loop, counter);
      into.i32(loop.reverse ? loop.count - 1 : 0);
      into.set(counter);
      const steps = (): void => {
        into.repeat(loop.count, () => {
          writeBlock(loop.body);
          into.advance(counter, loop.reverse ? -1 : 1);
        });
      };
      if (loop.body.steps.some((step) => step.kind === "leave")) into.block(steps);
      else steps();
    };
    writeBlock(program.main);
  });
  module.exportFunction("run", run);
  const pages = Math.ceil(plan.bytes / PAGE_BYTES);
  return { bytes: module.build({ pages, shared: scheduled !== undefined }), pages };
}

/** Neighbouring threads that run the same kernel: thread t at the addresses plus `shifts` plus t times `perThread`. */
interface Run {
  readonly kernel: Kernel;
  readonly first: number;
  count: number;
  shifts: readonly number[];
  perThread: readonly number[];
}

function runsOf(pieces: readonly (Piece<Kernel> | undefined)[]): readonly Run[] {
  const runs: Run[] = [];
  pieces.forEach((piece, thread) => {
    if (piece === undefined) return;
    const { kernel, shifts } = piece;
    const last = runs.at(-1);
    const isNext = last?.kernel.key === kernel.key && last.first + last.count === thread;
    if (last !== undefined && isNext && last.count === 1) {
      const perThread = shifts.map((shift, i) => shift - last.shifts[i]);
      last.perThread = perThread;
      last.shifts = last.shifts.map((shift, i) => shift - last.first * perThread[i]);
      last.count = 2;
    } else if (
      last !== undefined &&
      isNext &&
      shifts.every((shift, i) => shift === last.shifts[i] + thread * last.perThread[i])
    )
      last.count++;
    else runs.push({ kernel, first: thread, count: 1, shifts, perThread: shifts.map(() => 0) });
  });
  return runs;
}

/** A module with one multiply-add of four lanes, for asking an engine whether it takes it. */
export function multiplyAddProbe(precision: Precision): Uint8Array<ArrayBuffer> {
  const module = moduleBuilder();
  module.function("probe", 1, (code) => {
    const lanes = wasmLanes(code, 4, precision);
    const one = lanes.constant("f32", 1);
    lanes.madd(one, one, one);
  });
  return module.build({ pages: 1, shared: false });
}
