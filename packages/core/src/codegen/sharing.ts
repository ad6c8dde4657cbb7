/** How the work of a kernel can be shared out: what it touches, how much it is, and where it can be cut. */
import type { Span } from "./spans.js";

/** What a kernel does at one of its addresses. */
export interface Use {
  readonly span: Span;
  readonly writes: boolean;
}

/** A part of a kernel: a kernel that works at the addresses of the whole plus `shifts` bytes. */
export interface Piece<K> {
  readonly kernel: K;
  readonly shifts: readonly number[];
}

/**
 * A kernel cut into pieces that write different elements. Each element is computed by the same instructions as in the
 * whole: no sum is cut, and an element that is one of four in a vector stays one.
 */
export type Division<K> = readonly Piece<K>[];

export interface Sharing<K> {
  /** In the order of the parameters. */
  readonly uses: readonly Use[];
  /** About how many vector instructions it executes. */
  readonly work: number;
  /** Whether it may stop the run. */
  readonly stops: boolean;
  /** Ways to cut it into as many pieces as there are threads, or fewer; the first are along the outermost axis. */
  divisions(threads: number): readonly Division<K>[];
}

export interface Range {
  readonly begin: number;
  readonly count: number;
}

/** The indices below `size` in at most `parts` ranges that begin at multiples of `unit`, the last perhaps smaller. */
export function rangesOf(size: number, unit: number, parts: number): readonly Range[] {
  const each = Math.ceil(Math.ceil(size / unit) / parts) * unit;
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => ({
    begin: i * each,
    count: Math.min(each, size - i * each),
  }));
}
