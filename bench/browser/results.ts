/** The form of a results file of the bench in a browser. */
import type { Machine } from "../machine.ts";
import type { Group } from "../results.ts";
import type { Sizes } from "../workload.ts";

/** The first step in new pages, ms, medians. */
export interface FirstSteps {
  readonly where: string;
  readonly threads: number;
  readonly pages: number;
  /** Until the script with Latchgrad in it was loaded, from the start of the worker, page or process. */
  readonly loading: number;
  readonly compilation: number;
  /** From the navigation to the first losses; undefined in Node. */
  readonly sinceNavigation?: number | undefined;
  /** The longest time without a turn on the page; undefined in Node. */
  readonly longestBlock?: number | undefined;
}

/** A script that esbuild made of what a page imports. */
export interface Bundle {
  readonly imports: string;
  readonly bytes: number;
  readonly gzip: number;
}

/** Bytes that the browser says a page holds. */
export interface PageMemory {
  readonly sizes: Sizes;
  readonly threads: number;
  readonly before: number;
  readonly running: number;
  readonly disposed: number;
  /** After as many executables more were made, run and disposed. */
  readonly rounds: number;
  readonly afterwards: number;
}

export interface BrowserResults {
  readonly date: string;
  readonly commit: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly loadBefore: number;
  readonly browser: { readonly name: string; readonly version: string };
  readonly peers: Readonly<Record<string, string>>;
  /** Whether each of the two pages had what threads need, as the page itself says. */
  readonly isolated: { readonly isolated: boolean; readonly plain: boolean };
  readonly training: readonly Group[];
  readonly firstSizes: Sizes;
  readonly first: readonly FirstSteps[];
  readonly bundles: readonly Bundle[];
  readonly memory: readonly PageMemory[];
  readonly seconds: number;
}
