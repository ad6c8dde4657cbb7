/**
 * Measures where the time of runs goes: behind every step of a program a probe reads the clock, and what has passed
 * since the reading before belongs to the nodes that the step was made for. So the parts add up to the whole.
 */
import type { Observer } from "../codegen/observer.js";
import type { Graph, Node } from "../ir/graph.js";

/** What the steps of some nodes took, which were lowered together. */
export interface RecordedPart {
  /** The loops and branches around, the outermost first; empty for the graph itself. */
  readonly within: readonly string[];
  readonly nodes: readonly Node[];
  milliseconds: number;
  /** Executions of kernels. */
  calls: number;
  /** Multiplications and additions of products. */
  flops: number;
}

export interface Recorder {
  readonly observer: Observer;
  /** For the module to import. */
  probe(id: number): void;
  /** The module's run, whose time is measured as a whole. */
  timed(run: () => void): () => void;
  readonly recorded: Recorded;
}

/** The times of one module, which grow with every run. */
export interface Recorded {
  runs: number;
  milliseconds: number;
  readonly parts: readonly RecordedPart[];
}

/** A recorder for one module. */
export function makeRecorder(): Recorder {
  const parts: RecordedPart[] = [];
  /** What is appended outside of all nodes: results and state are brought to their places. */
  const moves: RecordedPart = { within: [], nodes: [], milliseconds: 0, calls: 0, flops: 0 };
  const around: { readonly part: RecordedPart; readonly name: string }[] = [];
  const steps: { readonly part: RecordedPart; readonly flops: number }[] = [];
  const recorded = { runs: 0, milliseconds: 0, parts };
  let last = 0;
  parts.push(moves);
  const observer: Observer = {
    apart: false,
    enter(_: Graph, nodes) {
      const part = { within: around.map(({ name }) => name), nodes, milliseconds: 0, calls: 0, flops: 0 };
      parts.push(part);
      around.push({ part, name: nodes[0].names[0] });
    },
    leave() {
      around.pop();
    },
    appended(block, step) {
      if (step.kind !== "call" && step.kind !== "index") return;
      const flops = step.kind === "call" ? (step.kernel.flops ?? 0) : 0;
      const id = steps.push({ part: around.at(-1)?.part ?? moves, flops }) - 1;
      block.steps.push({ kind: "probe", id, place: undefined });
    },
    loop: () => undefined,
  };
  return {
    observer,
    recorded,
    probe(id) {
      const now = performance.now();
      const { part, flops } = steps[id];
      part.milliseconds += now - last;
      part.calls++;
      part.flops += flops;
      last = now;
    },
    timed: (run) => () => {
      const began = performance.now();
      last = began;
      try {
        run();
      } finally {
        recorded.milliseconds += performance.now() - began;
        recorded.runs++;
      }
    },
  };
}
