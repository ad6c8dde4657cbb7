/** Who watches a graph become a program, and adds probes that tell the host how far a run has come. */
import type { Graph, Node, ValueId } from "../ir/graph.js";
import type { Block, Loop, Place, Step } from "./program.js";
import type { Tensor } from "./tensors.js";

export interface Observer {
  /** Whether every node is computed by itself, in the order of the graph, so that every value is in memory. The bits stay the same. */
  readonly apart: boolean;
  /** What is appended from here on belongs to these nodes, until they are left or others inside them are entered. */
  enter(graph: Graph, nodes: readonly Node[]): void;
  /** They are lowered. `tensorOf` knows the values that are in memory. */
  leave(graph: Graph, nodes: readonly Node[], block: Block, tensorOf: (id: ValueId) => Tensor | undefined): void;
  /** A step was appended. */
  appended(block: Block, step: Step): void;
  /** While the loop of a node runs, the index of its step is at this place. */
  loop(loop: Loop, graph: Graph, node: Node, index: Place): void;
}
