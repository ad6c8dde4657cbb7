/**
 * The memory plan: every buffer gets a fixed place before anything runs. Two
 * buffers may share memory when one is no longer read before the other is first written.
 */
import { SYNC } from "./barrier.js";
import { mostAtOnce, placeBuffers, type Demand } from "./place-buffers.js";
import { findReplaced } from "./replaced-stacks.js";
import { placesOf, type Block, type Buffer, type Loop, type Program } from "./program.js";

/** The first bytes hold what a stopped run has to say. */
export const REPORT_BYTES = 16;
const ALIGNMENT = 16;
/** What threads have of their own lies this far apart. */
const CACHE_LINE = 64;

export interface MemoryPlan {
  /** Byte address of each buffer, by its id. */
  readonly addresses: readonly number[];
  /** Byte address of a buffer as a thread sees it. */
  addressOf(buffer: Buffer, thread: number): number;
  /** Bytes in all. */
  readonly bytes: number;
}

/** From one thread's copy of a buffer to the next. */
export const perThreadBytes = ({ bytes, perThread }: Buffer): number => (perThread ? align(bytes, CACHE_LINE) : 0);

interface Lifetime {
  first: number;
  last: number;
}

const isInside = (block: Block | undefined, home: Block): boolean => {
  for (let b = block; b !== undefined; b = b.parent) if (b === home) return true;
  return false;
};

function findLifetimes({ main, buffers, inputs, outputs }: Program): readonly Lifetime[] {
  const lifetimes = buffers.map((): Lifetime => ({ first: Infinity, last: -1 }));
  const spans = new Map<Loop, { readonly first: number; last: number }>();
  let position = 0;
  /** Uses inside loops that the buffer's home surrounds, to be widened to those loops once their ends are known. */
  const uses: { readonly buffer: Buffer; readonly block: Block; readonly position: number }[] = [];
  const visit = (block: Block): void => {
    for (const step of block.steps) {
      position++;
      if (step.kind === "loop") {
        const span = { first: position, last: position };
        spans.set(step.loop, span);
        visit(step.loop.body);
        span.last = ++position;
      } else {
        for (const { buffer } of placesOf(step)) uses.push({ buffer, block, position });
        if (step.kind === "branch") for (const branch of [step.then, step.otherwise]) visit(branch);
      }
    }
  };
  visit(main);
  for (const { buffer, block, position: at } of uses) {
    let [first, last] = [at, at];
    for (let b: Block | undefined = block; b !== undefined && b !== buffer.home; b = b.parent) {
      const span = b.loop === undefined ? undefined : spans.get(b.loop);
      if (span !== undefined && isInside(b.parent, buffer.home)) [first, last] = [span.first, span.last];
    }
    const lifetime = lifetimes[buffer.id];
    lifetime.first = Math.min(lifetime.first, first);
    lifetime.last = Math.max(lifetime.last, last);
  }
  for (const { buffer } of inputs) lifetimes[buffer.id].first = -1;
  for (const { buffer } of outputs) lifetimes[buffer.id].last = Infinity;
  return lifetimes;
}

const align = (bytes: number, to = ALIGNMENT): number => Math.ceil(bytes / to) * to;

/** Of buffers from this size on, neighbours begin a cache line apart. */
const LARGE = 1024;

/**
 * The bytes that a buffer takes. Sizes of tensors are often multiples of 4096, at which distance caches of the first level keep
 * lines in the same few places: a loop over more tensors than such a place has lines would find none of them again.
 */
const taken = (bytes: number): number => (bytes < LARGE ? align(bytes) : align(bytes, CACHE_LINE) + CACHE_LINE);

/** The buffer whose memory it is in the end. */
function rootOf(replaced: ReadonlyMap<number, number>, id: number): number {
  let root = id;
  for (let before = replaced.get(root); before !== undefined; before = replaced.get(root)) root = before;
  return root;
}

/** The buffers that share memory, with their lifetimes; without those that take another's memory. */
export function sharedBuffers(
  program: Program,
  threads = 1,
  replaced = findReplaced(program),
): readonly { readonly buffer: Buffer; readonly demand: Demand }[] {
  const lifetimes = findLifetimes(program);
  const isReplacing = new Set(replaced.keys());
  for (const [id, before] of replaced) {
    // The memory lives as long as all that lie in it.
    const root = rootOf(replaced, before);
    lifetimes[root].last = Math.max(lifetimes[root].last, lifetimes[id].last);
  }
  return program.buffers.flatMap((buffer) => {
    const { first, last } = lifetimes[buffer.id];
    if (buffer.persistent || last < 0 || isReplacing.has(buffer.id)) return [];
    const bytes = taken(buffer.bytes + (threads - 1) * perThreadBytes(buffer));
    return [{ buffer, demand: { first, last, bytes } }];
  });
}

/** The largest sum of bytes that are alive at the same moment, with what is kept from run to run: no plan takes less. */
export function mostAlive(program: Program, threads = 1): number {
  const kept = program.buffers.reduce((sum, { persistent, bytes }) => sum + (persistent ? bytes : 0), 0);
  return kept + mostAtOnce(sharedBuffers(program, threads).map(({ demand }) => demand));
}

/** What is kept from run to run lies in front; the others share what comes behind. */
export function planMemory(program: Program, threads = 1): MemoryPlan {
  const addresses = new Array<number>(program.buffers.length).fill(0);
  let base = align(threads === 1 ? REPORT_BYTES : SYNC.bytes);
  for (const buffer of program.buffers)
    if (buffer.persistent) {
      addresses[buffer.id] = base;
      base += taken(buffer.bytes);
    }
  const replaced = findReplaced(program);
  const shared = sharedBuffers(program, threads, replaced);
  const { offsets, bytes } = placeBuffers(shared.map(({ demand }) => demand));
  shared.forEach(({ buffer }, i) => (addresses[buffer.id] = base + offsets[i]));
  for (const id of replaced.keys()) addresses[id] = addresses[rootOf(replaced, id)];
  const addressOf: MemoryPlan["addressOf"] = (buffer, thread) => addresses[buffer.id] + thread * perThreadBytes(buffer);
  return { addresses, addressOf, bytes: base + bytes };
}
