/**
 * Stacks that take the memory of others. The way back through a loop reads what the way there has left of each step, for the last time, and
 * writes as much: row by row. Where a step reads its row of one stack before, or while, it writes its row of another, both can be the same memory. It
 * is then half as much that passes through the caches, and what is written is there already. Decision 0064.
 */
import type { Block, Buffer, Kernel, Loop, Place, Program, Step } from "./program.js";
import type { Sharing } from "./sharing.js";

/** One argument of a call, or another place in a step. */
interface Use {
  readonly step: Step;
  readonly block: Block;
  readonly position: number;
  readonly place: Place;
  readonly argument: number;
}

/** The rows of a stack in a loop: each step touches one. */
interface Rows {
  readonly buffer: Buffer;
  readonly uses: readonly Use[];
  /** From one row to the next. */
  readonly bytes: number;
  /** The row of step 0. */
  readonly first: number;
}

function usesOf({ main }: Program): ReadonlyMap<Buffer, readonly Use[]> {
  const uses = new Map<Buffer, Use[]>();
  let position = 0;
  const note = (step: Step, block: Block, places: readonly Place[]): void => {
    places.forEach((place, argument) => {
      const { buffer } = place;
      if (buffer.persistent || buffer.perThread) return;
      const known = uses.get(buffer);
      const use = { step, block, position, place, argument };
      if (known === undefined) uses.set(buffer, [use]);
      else known.push(use);
    });
  };
  const visit = (block: Block): void => {
    for (const step of block.steps) {
      position++;
      if (step.kind === "call") note(step, block, step.args);
      else if (step.kind === "loop") visit(step.loop.body);
      else if (step.kind === "branch") {
        note(step, block, [step.condition]);
        visit(step.then);
        visit(step.otherwise);
      } else if (step.kind === "index") note(step, block, [step.place]);
      else if (step.kind === "leave") note(step, block, [step.unless]);
      else if (step.kind === "probe" && step.place !== undefined) note(step, block, [step.place]);
    }
  };
  visit(main);
  return uses;
}

/** The loop in the buffer's own block that a use lies in. */
function loopAround({ block }: Use, { home }: Buffer): Loop | undefined {
  for (let b: Block | undefined = block; b !== undefined && b !== home; b = b.parent)
    if (b.parent === home) return b.loop;
  return undefined;
}

/** Of a read and a written argument of one kernel, both at the same place: whether each element is read before it is written. */
const canMeet = (kernel: Kernel, read: number, written: number): boolean => kernel.meets?.(read, written) === true;

/** By number of a buffer, the number of the one whose memory it takes. */
export function findReplaced(program: Program): ReadonlyMap<number, number> {
  const outputs = new Set(program.outputs.map(({ buffer }) => buffer));
  const sharing = new Map<string, Sharing<Kernel>>();
  const sharingOf = (kernel: Kernel): Sharing<Kernel> => {
    const known = sharing.get(kernel.key) ?? kernel.sharing();
    sharing.set(kernel.key, known);
    return known;
  };

  function rowsOf(buffer: Buffer, loop: Loop, uses: readonly Use[]): Rows | undefined {
    const inside = uses.filter((use) => loopAround(use, buffer) === loop);
    let rows: Rows | undefined;
    for (const { step, block, place, argument } of inside) {
      const [move, ...others] = place.perStep;
      if (step.kind !== "call" || block !== loop.body || others.length > 0 || move?.loop !== loop) return undefined;
      const { bytes } = move;
      const { span } = sharingOf(step.kernel).uses[argument];
      const start = place.offset + span.first;
      const first = Math.floor(start / bytes);
      if (bytes <= 0 || span.strides.length > 0 || start - first * bytes + span.bytes > bytes) return undefined;
      if (rows !== undefined && (rows.bytes !== bytes || rows.first !== first)) return undefined;
      rows = { buffer, uses: inside, bytes, first };
    }
    return rows;
  }

  /** Whether no step writes into its row of `next` before it is done with its row of `before`. */
  function follows(next: Rows, before: Rows): boolean {
    if (next.bytes !== before.bytes || next.first !== before.first || next.buffer.bytes !== before.buffer.bytes)
      return false;
    const [written] = next.uses;
    const last = before.uses[before.uses.length - 1];
    if (last.position < written.position) return true;
    if (last.position > written.position || written.step.kind !== "call") return false;
    const { kernel, args } = written.step;
    return before.uses
      .filter((use) => use.position === last.position)
      .every(
        ({ argument }) =>
          args[argument].offset === written.place.offset &&
          next.uses.every((use) => use.position > written.position || canMeet(kernel, argument, use.argument)),
      );
  }

  const ended = new Map<Loop, Rows[]>();
  const begun = new Map<Loop, Rows[]>();
  const add = (to: Map<Loop, Rows[]>, buffer: Buffer, use: Use, uses: readonly Use[]): void => {
    const loop = loopAround(use, buffer);
    const rows = loop === undefined ? undefined : rowsOf(buffer, loop, uses);
    if (loop !== undefined && rows !== undefined) to.set(loop, [...(to.get(loop) ?? []), rows]);
  };
  for (const [buffer, uses] of usesOf(program)) {
    if (!outputs.has(buffer)) add(ended, buffer, uses[uses.length - 1], uses);
    add(begun, buffer, uses[0], uses);
  }
  const replaced = new Map<number, number>();
  for (const [loop, stacks] of begun) {
    const free = new Set(ended.get(loop) ?? []);
    for (const next of stacks) {
      // Of those that fit, the one that was read last.
      const [best] = [...free]
        .filter(
          (before) => before.buffer !== next.buffer && before.buffer.home === next.buffer.home && follows(next, before),
        )
        .sort((a, b) => b.uses[b.uses.length - 1].position - a.uses[a.uses.length - 1].position);
      if (best === undefined) continue;
      free.delete(best);
      replaced.set(next.buffer.id, best.buffer.id);
    }
  }
  return replaced;
}
