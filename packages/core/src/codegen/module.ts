/** From a program and its memory plan to the bytes of a WebAssembly module with one exported function, `run`. */
import { I32, moduleBuilder, type Code, type Local } from "./assembler.js";
import { wasmLanes } from "./lanes-target.js";
import type { MemoryPlan } from "./plan-memory.js";
import type { Block, Loop, Place, Program, Step } from "./program.js";
import { writeStop } from "./stop.js";

const PAGE_BYTES = 65_536;

export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pages: number;
}

export function writeModule(program: Program, plan: MemoryPlan): CompiledModule {
  const module = moduleBuilder();
  const run = module.function("run", 0, (code) => {
    const counters = new Map<Loop, Local>();
    const address = ({ buffer, offset, perStep }: Place): void => {
      code.i32(plan.addresses[buffer.id] + offset);
      for (const { loop, bytes } of perStep) {
        const counter = counters.get(loop);
        if (counter === undefined || bytes === 0) continue;
        code.get(counter);
        code.i32(bytes);
        code.op(0x6c, 0x6a);
      }
    };
    /** Puts the mask at a place on the stack. */
    const mask = (place: Place): void => {
      address(place);
      code.op(0x28, 2, 0);
    };
    const counterOf = (loop: Loop): Local => counters.get(loop) ?? code.local(I32);
    const writeLeave = ({ loop, unless, site }: Extract<Step, { readonly kind: "leave" }>): void => {
      mask(unless);
      code.op(0x45);
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
    const writeBlock = (block: Block): void => {
      for (const step of block.steps) {
        if (step.kind === "loop") writeLoop(code, step.loop);
        else if (step.kind === "call") {
          step.args.forEach(address);
          code.call(module.function(step.kernel.key, step.kernel.arity, step.kernel.write));
        } else if (step.kind === "branch") {
          mask(step.condition);
          code.when(
            () => {
              writeBlock(step.then);
            },
            () => {
              writeBlock(step.otherwise);
            },
          );
        } else if (step.kind === "leave") writeLeave(step);
        else {
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
  return { bytes: module.build({ pages, shared: false }), pages };
}

/** A module with one relaxed multiply-add, for asking an engine whether it has them. */
export function relaxedSimdProbe(): Uint8Array<ArrayBuffer> {
  const module = moduleBuilder();
  module.function("probe", 1, (code) => {
    const lanes = wasmLanes(code, 4, "fast");
    const one = lanes.constant("f32", 1);
    lanes.madd(one, one, one);
  });
  return module.build({ pages: 1, shared: false });
}
