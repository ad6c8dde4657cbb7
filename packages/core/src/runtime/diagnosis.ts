/** What is asked about runs besides their results. */
import type { Graph } from "../ir/graph.js";
import type { Recorder } from "./recorder.js";

export interface Diagnosis {
  /** The graph before any pass. */
  readonly made: Graph;
  /** Outputs that have to be finite. */
  readonly finite: readonly string[];
  readonly recorder?: Recorder | undefined;
}
