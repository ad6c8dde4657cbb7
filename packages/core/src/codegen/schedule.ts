/**
 * Which thread runs what, and where all wait for all. Every thread goes through the whole program and runs its
 * pieces; a barrier stands where it would touch what another one may not be done with. Where each thread
 * only goes on with what it made itself, as the rows of a batch do in a loop over time, there is none.
 */
import type { MemoryPlan } from "./plan-memory.js";
import type { Block, Kernel, Place, Program, Step } from "./program.js";
import type { Piece, Sharing, Use } from "./sharing.js";
import { areApart, spanAt, type Span } from "./spans.js";

/** For each thread its piece, or undefined where it has none. */
export type Pieces = readonly (Piece<Kernel> | undefined)[];

export interface Schedule {
  readonly threads: number;
  /** Of each call. */
  readonly pieces: ReadonlyMap<Step, Pieces>;
  /** Steps in front of which all threads wait for each other. */
  readonly barriers: ReadonlySet<Step>;
  /** Loops that thread 0 goes through alone, and all branches and loops that end by a condition. */
  readonly solo: ReadonlySet<Step>;
}

/** What a thread has touched since the last barrier. */
interface Touched {
  readonly reads: Span[];
  readonly writes: Span[];
}

type Call = Step & { readonly kind: "call" };

/** Pieces for a call, and what follows from them. */
interface Choice {
  readonly pieces: Pieces;
  readonly touched: readonly Touched[];
  /** Whether they have to wait for what is pending. */
  readonly waits: boolean;
}

type LoopStep = Step & { readonly kind: "loop" };
type ProbeStep = Step & { readonly kind: "probe" };
type BranchStep = Step & { readonly kind: "branch" };

/** What a barrier costs, in vector instructions: one to two microseconds when all threads are running. */
const BARRIER = 4000;
/** Spans since the last barrier at most: comparing them takes time. */
const MOST_TOUCHED = 400;

/** Where a stopped run leaves what was wrong: written by kernels that stop, read before state changes. */
const REPORT: Span = { first: 0, bytes: 12, strides: [] };

/** One i32: the counter of a loop, a mask. */
const WORD: Use = { span: { first: 0, bytes: 4, strides: [] }, writes: true };

const hasMeeting = (some: readonly Span[], others: readonly Span[]): boolean =>
  some.some((span) => others.some((other) => !areApart(span, other)));

/** Whether two threads touch the same bytes, at least one of them writing. */
const doMeet = (one: readonly Touched[], other: readonly Touched[]): boolean =>
  one.some((mine, thread) =>
    other.some(
      (theirs, otherThread) =>
        thread !== otherThread &&
        (hasMeeting(mine.writes, theirs.writes) ||
          hasMeeting(mine.writes, theirs.reads) ||
          hasMeeting(mine.reads, theirs.writes)),
    ),
  );

/** `barrier`: what one costs, in vector instructions; work that is small against it is not shared out. */
export function schedule({ main }: Program, plan: MemoryPlan, threads: number, barrier = BARRIER): Schedule {
  /** A cut has to save this much, because it may cost a barrier later. */
  const small = barrier / 4;
  const everyone = Array.from({ length: threads }, (_, thread) => thread);
  const untouched = (): readonly Touched[] => everyone.map(() => ({ reads: [], writes: [] }));
  const pieces = new Map<Step, Pieces>();
  const barriers = new Set<Step>();
  const solo = new Set<Step>();
  /** By key, because equal keys mean equal bodies. */
  const known = new Map<string, Sharing<Kernel>>();
  let pending = untouched();
  /** When each thread is done with what it has since the last barrier. */
  let busy: readonly number[] = everyone.map(() => 0);

  function sharingOf(kernel: Kernel): Sharing<Kernel> {
    const sharing = known.get(kernel.key) ?? kernel.sharing();
    known.set(kernel.key, sharing);
    return sharing;
  }
  const workOf = (chosen: Pieces): readonly number[] =>
    everyone.map((thread) => {
      const piece = chosen[thread];
      return piece === undefined ? 0 : sharingOf(piece.kernel).work;
    });
  const spanOfUse = ({ span }: Use, place: Place, shift: number, thread: number): Span =>
    spanAt(
      span,
      plan.addressOf(place.buffer, thread) + place.offset + shift,
      place.perStep.map(({ loop, bytes }) => ({ bytes, count: loop.count })),
    );
  const touchedBy = ({ args }: Call, chosen: Pieces): readonly Touched[] =>
    everyone.map((thread) => {
      const touched: Touched = { reads: [], writes: [] };
      const piece = chosen[thread];
      if (piece === undefined) return touched;
      const { uses, stops } = sharingOf(piece.kernel);
      uses.forEach((use, i) => {
        touched[use.writes ? "writes" : "reads"].push(spanOfUse(use, args[i], piece.shifts[i], thread));
      });
      if (stops) touched.writes.push(REPORT);
      return touched;
    });
  const touch = (into: readonly Touched[], more: readonly Touched[]): void => {
    more.forEach(({ reads, writes }, thread) => {
      into[thread].reads.push(...reads);
      into[thread].writes.push(...writes);
    });
  };
  const waitBefore = (step: Step): void => {
    barriers.add(step);
    pending = untouched();
    const latest = Math.max(...busy) + barrier;
    busy = everyone.map(() => latest);
  };
  const alone = ({ kernel, args }: Call, thread: number): Pieces =>
    everyone.map((t) => (t === thread ? { kernel, shifts: args.map(() => 0) } : undefined));

  const touchedAndWaits = (call: Call, chosen: Pieces): Omit<Choice, "pieces"> => {
    const touched = touchedBy(call, chosen);
    return { touched, waits: doMeet(touched, pending) };
  };
  /** The pieces after which the last thread is done first. */
  function choose(call: Call, isInLoop: boolean): Choice {
    let least = Infinity;
    const consider = (option: Pieces, penalty: number, before: Choice | undefined): Choice => {
      const { touched, waits } = touchedAndWaits(call, option);
      const start = waits ? Math.max(...busy) + barrier : undefined;
      const work = workOf(option);
      const end = Math.max(...everyone.map((thread) => (start ?? busy[thread]) + work[thread])) + penalty;
      if (before !== undefined && end >= least) return before;
      least = end;
      return { pieces: option, touched, waits };
    };
    // In a loop, what one thread makes alone, the others wait for in each turn.
    let best = consider(alone(call, 0), isInLoop ? barrier : 0, undefined);
    if (!isInLoop && least - Math.min(...busy) <= small) return best;
    sharingOf(call.kernel)
      .divisions(threads)
      .forEach((division, rank) => {
        const penalty = (isInLoop ? 0 : small) + (rank === 0 ? 0 : 2 * barrier);
        const option = everyone.map((thread) => division[thread]);
        best = consider(option, penalty, best);
      });
    const idle = busy.indexOf(Math.min(...busy));
    return idle === 0 ? best : consider(alone(call, idle), 2 * barrier, best);
  }

  function lookAt(step: Exclude<Step, LoopStep | BranchStep | ProbeStep>, where: "main" | "loop" | "solo"): Choice {
    if (step.kind === "call") {
      const chosen = where === "solo" ? alone(step, 0) : pieces.get(step);
      return chosen === undefined
        ? choose(step, where === "loop")
        : { pieces: chosen, ...touchedAndWaits(step, chosen) };
    }
    const touched = everyone.map((thread): Touched => {
      if (step.kind === "commit") return { reads: [REPORT], writes: [] };
      const counts = where !== "solo" || thread === 0;
      if (step.kind === "leave")
        return counts
          ? { reads: [spanOfUse(WORD, step.unless, 0, thread)], writes: [REPORT] }
          : { reads: [], writes: [] };
      return { reads: [], writes: counts ? [spanOfUse(WORD, step.place, 0, thread)] : [] };
    });
    return { pieces: [], touched, waits: doMeet(touched, pending) };
  }

  /** Goes through a block, chooses pieces where none are chosen yet, and adds what is touched to `all`. */
  function visit(block: Block, all: readonly Touched[], where: "main" | "loop" | "solo"): void {
    for (const step of block.steps) {
      if (step.kind === "loop") {
        visitLoop(step, all, where === "solo");
        continue;
      }
      if (step.kind === "branch") {
        visitBranch(step, all);
        continue;
      }
      // Programs that are observed run on one thread.
      if (step.kind === "probe") continue;
      const { pieces: chosen, touched, waits } = lookAt(step, where);
      if (step.kind === "call") pieces.set(step, chosen);
      const isCrowded = pending.some(({ reads, writes }) => reads.length + writes.length > MOST_TOUCHED);
      // One thread alone must not wait for others that are not there.
      if (where !== "solo" && (waits || isCrowded || barriers.has(step))) waitBefore(step);
      touch(pending, touched);
      touch(all, touched);
      const work = workOf(chosen);
      busy = busy.map((time, thread) => time + work[thread]);
    }
  }

  const visited = new Set<Step>();
  function visitLoop(step: LoopStep, all: readonly Touched[], isInSolo: boolean): void {
    const { body } = step.loop;
    const before = pending;
    const busyBefore = busy;
    const start = (): readonly Touched[] => {
      pending = untouched();
      // A turn begins where the one before it ended, so what threads are busy with in front of the loop says nothing here.
      busy = everyone.map(() => 0);
      return untouched();
    };
    let inside = start();
    if (body.steps.some(({ kind }) => kind === "leave")) solo.add(step);
    if (!isInSolo && !solo.has(step)) {
      visit(body, inside, "loop");
      // Once more, with what the end of a turn leaves for the beginning of the next.
      if (!visited.has(step)) visit(body, untouched(), "loop");
      visited.add(step);
      if (costOfBody(body) >= aloneIn(body)) {
        forget(body);
        solo.add(step);
        inside = start();
      }
    }
    // One thread does not wait for itself.
    if (isInSolo || solo.has(step)) visit(body, inside, "solo");
    // A barrier for what happened before the loop stands in front of it, not in each of its turns.
    const waits = barriers.has(step) || doMeet(inside, before);
    if (waits) barriers.add(step);
    const isCut = waits || holdsBarrier(body);
    if (!isCut) touch(pending, before);
    touch(all, inside);
    const latest = Math.max(...busyBefore) + barrier;
    const turns = step.loop.count * costOfBody(body);
    busy = busyBefore.map((time) => (isCut ? latest : time) + turns);
  }
  /** Thread 0 goes into a branch alone. */
  function visitBranch(step: BranchStep, all: readonly Touched[]): void {
    const before = pending;
    pending = untouched();
    const inside = untouched();
    inside[0].reads.push(spanOfUse(WORD, step.condition, 0, 0));
    for (const block of [step.then, step.otherwise]) visit(block, inside, "solo");
    solo.add(step);
    const waits = barriers.has(step) || doMeet(inside, before);
    pending = untouched();
    if (waits) waitBefore(step);
    else touch(pending, before);
    touch(pending, inside);
    touch(all, inside);
  }
  const holdsBarrier = (block: Block): boolean =>
    block.steps.some((step) => barriers.has(step) || (step.kind === "loop" && holdsBarrier(step.loop.body)));

  /** About how long one turn takes: as scheduled, and on one thread. */
  function costOfBody({ steps }: Block): number {
    return steps.reduce((sum, step) => {
      const wait = barriers.has(step) ? barrier : 0;
      if (step.kind === "loop") return sum + wait + step.loop.count * costOfBody(step.loop.body);
      return sum + wait + Math.max(0, ...workOf(pieces.get(step) ?? []));
    }, 0);
  }
  function aloneIn({ steps }: Block): number {
    return steps.reduce((sum, step) => {
      if (step.kind === "loop") return sum + step.loop.count * aloneIn(step.loop.body);
      return sum + (step.kind === "call" ? sharingOf(step.kernel).work : 0);
    }, 0);
  }
  function forget({ steps }: Block): void {
    for (const step of steps) {
      barriers.delete(step);
      solo.delete(step);
      if (step.kind === "loop") forget(step.loop.body);
    }
  }

  visit(main, untouched(), "main");
  return { threads, pieces, barriers, solo };
}
