/** The loops of a model that diagnostics look at. */
import { inspectLoops, type Graph } from "@latchgrad/core";

/** The names of recurrent layers, one for each run of a cell over time. */
export const loopNames = (graph: Graph): readonly string[] => inspectLoops(graph).loops.map(({ name }) => name);
