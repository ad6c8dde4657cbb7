/** What the parts of lowering share: everything that appends to blocks or allocates. */
import type { Graph, Node } from "../ir/graph.js";
import type { DType } from "../shape/tensor-type.js";
import type { Precision } from "./lanes-target.js";
import type { Observer } from "./observer.js";
import type { Block, Site, Step } from "./program.js";
import type { StoredTensor, Tensor } from "./tensors.js";

export interface Lowering {
  readonly precision: Precision;
  readonly observer: Observer | undefined;
  /** The number of a node among those that may stop the run. */
  siteOf(graph: Graph, node: Node, stops: Exclude<Site["stops"], "finite">): number;
  /** Memory for a tensor that `block` computes. */
  allocate(type: { readonly dtype: DType; readonly dims: readonly number[] }, block: Block): StoredTensor;
  /** An i32 for the index of a loop in `block`. Each thread goes through the loop by itself and has its own. */
  counter(block: Block): StoredTensor;
  /** A tensor whose elements are in memory before the first run. */
  constant(type: { readonly dtype: DType; readonly dims: readonly number[] }, data: readonly number[]): StoredTensor;
  append(block: Block, step: Step): void;
  /** The tensor in row-major order; copied where it is not, in the block that computes it, in front of the loops that read it. */
  contiguous(tensor: Tensor): StoredTensor;
  /**
   * What `fill` writes from the tensor, in memory of its own and made once for each key, in the block that computes the
   * tensor, in front of the loops that read it.
   */
  prepared(
    tensor: Tensor,
    key: string,
    dims: readonly number[],
    fill: (copy: StoredTensor, block: Block) => void,
  ): StoredTensor;
  /** Copies elements; dims are those of both. */
  copy(from: Tensor, to: StoredTensor, block: Block): void;
}
