/** A rewrite rule: what simplify knows, as data. */
import type { Attrs } from "../ir/attrs.js";
import type { ValueId } from "../ir/graph.js";
import type { AnyOp, Arity, Inputs, Op } from "../ops/op.js";
import type { TensorType } from "../shape/tensor-type.js";

/** One use of a rule's op, in the graph under construction. */
export interface Use<N extends Arity = Arity, A extends Attrs = Attrs> {
  readonly inputs: Inputs<N, ValueId>;
  readonly attrs: A;
  /** Of the result. */
  readonly type: TensorType;
  typeOf(id: ValueId): TensorType;
  /** The number that all elements of a value are, when it is such a constant. */
  splatOf(id: ValueId): number | undefined;
  /** Inputs and attributes of the node that makes a value, when it is a use of `op`. */
  useOf<M extends Arity, B extends Attrs>(
    op: Op<M, B>,
    id: ValueId,
  ): { readonly inputs: Inputs<M, ValueId>; readonly attrs: B } | undefined;
  emit<M extends Arity, B extends Attrs>(op: Op<M, B>, inputs: Inputs<M, ValueId>, attrs: B): ValueId;
}

export interface Rule {
  /** What becomes what; unique. */
  readonly rule: string;
  /** Why the result is the same, bit for bit in any float type except for the sign of zero, and why it is no worse. */
  readonly because: string;
  readonly op: AnyOp;
  /** The value that replaces the result, or undefined when the rule does not apply. */
  rewrite(use: Use): ValueId | undefined;
}

/** A rule for uses of `op`; inside, inputs and attributes have the op's own types. */
export const ruleFor = <N extends Arity, A extends Attrs>(
  op: Op<N, A>,
  rule: string,
  because: string,
  rewrite: (use: Use<N, A>) => ValueId | undefined,
): Rule => ({ rule, because, op, rewrite });
