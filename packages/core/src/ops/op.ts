/**
 * What an op is. One object holds everything that is known of an op: the
 * checks and their texts, the builder function, the printed form, the reference page
 * and the test matrix all come from it. Nothing outside `ops/` may ask for an op's name.
 */
import type { AttrKind, Attrs } from "../ir/attrs.js";
import type { Graph, Node } from "../ir/graph.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Dim } from "../shape/dim.js";
import type { Tensor } from "../shape/tensor.js";
import type { TensorType } from "../shape/tensor-type.js";

export type Arity = 0 | 1 | 2 | 3 | "any";

export type Inputs<N extends Arity, T> = N extends 0
  ? readonly []
  : N extends 1
    ? readonly [T]
    : N extends 2
      ? readonly [T, T]
      : N extends 3
        ? readonly [T, T, T]
        : readonly T[];

/** A value of a graph under construction; made by a builder, meaningless outside it and its inner scopes. */
export interface Value {
  readonly type: TensorType;
  /** The builder that made it. */
  readonly scope: object;
  readonly key: number;
}

export interface Constraint<N extends Arity = Arity, A extends Attrs = Attrs> {
  readonly label: `C${number}`;
  /** True of every valid use; completes "needs: ...". Constraints are checked in order, so each may rely on those before it. */
  readonly says: string;
  holds(inputs: Inputs<N, TensorType>, attrs: A): boolean;
  readonly hint?: string;
}

/**
 * What transformations may know of an op without knowing its name.
 * - elementwise: result element i depends only on element i of each operand, and all operands have the result's dims.
 * - linear: groups of operands in which the result is linear together while the others stay as they are: the op of sums
 *   and multiples of them is the sum and the multiple of the results. Of floats; integers divide otherwise.
 * - view: the result is its one operand under other indices, and compiled code reads it where it is.
 * - cheap: computing the result again costs about as much as loading it; so it is never worth storing.
 * - flat: of a float result the derivative is zero wherever it exists, so no gradient flows back.
 * - kinked: the derivative jumps somewhere, where a rule chooses one.
 * - bounds: the least interval that all elements of the result lie in, whatever the operands are.
 */
export interface Traits {
  readonly elementwise?: true;
  readonly cheap?: true;
  readonly linear?: readonly (readonly number[])[];
  readonly view?: true;
  readonly flat?: true;
  readonly kinked?: true;
  readonly bounds?: readonly [least: number, greatest: number];
}

/** Answer of a rule for an operand through which no gradient can be asked for, with the reason. */
export interface NoDerivative {
  readonly noDerivative: string;
  /** What to do instead, where there is something better than stopGradient. */
  readonly hint?: string;
}

/** null: the derivative is zero everywhere it exists, or the operand is not a float. */
export type Cotangent = Value | null | NoDerivative;

/** The attributes as the last argument, for ops that have any. */
export type AttrArgument<A extends Attrs> = keyof A extends never ? readonly [] : readonly [attrs: A];

/** Appends a node for an op of one result. Operand types must fit exactly: nothing is broadcast or cast. */
export type Emit = <N extends Arity, A extends Attrs>(
  op: Op<N, A>,
  inputs: Inputs<N, Value>,
  ...attrs: AttrArgument<A>
) => Value;

export interface VjpRule<N extends Arity = Arity, A extends Attrs = Attrs> {
  readonly inputs: Inputs<N, Value>;
  readonly attrs: A;
  readonly output: Value;
  /** Of the result; same type as the output. */
  readonly cotangent: Value;
  readonly emit: Emit;
}

/** One op over all steps of a loop at once. */
export interface StackedRule<N extends Arity = Arity, A extends Attrs = Attrs> {
  /** Those that differ from step to step have the steps as a new first axis. */
  readonly inputs: Inputs<N, Value>;
  readonly isStacked: Inputs<N, boolean>;
  readonly attrs: A;
  /** Number of steps. */
  readonly length: Dim;
  readonly emit: Emit;
}

export interface Op<N extends Arity = Arity, A extends Attrs = Attrs> {
  readonly kind: "op";
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Starts with "out". */
  readonly formula: string;
  /** Names of the operands; for "any" arity one name, of all of them. */
  readonly operands: Inputs<N, string>;
  readonly arity: N;
  readonly attrs: { readonly [K in keyof A]: AttrKind<A[K]> };
  readonly constraints: readonly Constraint<N, A>[];
  readonly traits: Traits;

  result(inputs: Inputs<N, TensorType>, attrs: A): TensorType;
  /** The definition, in plain loops over f64. All dims of inputs, attributes and type are bound. */
  evaluate(inputs: Inputs<N, Tensor>, attrs: A, type: TensorType): Float64Array;
  /** What compiled code does, as data. All dims of inputs, attributes and type are bound. */
  kernel(inputs: Inputs<N, TensorType>, attrs: A, type: TensorType): Kernel;
  /** Cotangents of the operands, as graph. Called only when the result is a float. */
  vjp(rule: VjpRule<N, A>): Inputs<N, Cotangent>;
  /** The results of all steps, stacked; at least one operand is. Elementwise ops need none; absent elsewhere, the op stays in its loop. */
  stacked?(rule: StackedRule<N, A>): Value;
  /** Which uses are cheap, of an op that is not always. */
  isCheap?(attrs: A): boolean;
  /** The sum of the results of all steps, without their stack; all operands are stacked. Absent: there is nothing better than adding them up. */
  summed?(rule: Omit<StackedRule<N, A>, "isStacked">): Value;
}

/** Builds graphs for regions from inside a rule, so that ops need not know the builder. */
export interface RegionScope {
  readonly emit: Emit;
  emitRegion<A extends Attrs>(
    op: RegionOp<A>,
    inputs: readonly Value[],
    attrs: A,
    regions: readonly Graph[],
  ): readonly Value[];
  /** Appends a copy of a node of another graph, with its attributes, regions, names and origin. */
  copy(node: Node, inputs: readonly Value[]): readonly Value[];
  /** Copies all nodes of a graph here, with its parameters replaced by `inputs`; returns its outputs. */
  inline(graph: Graph, inputs: readonly Value[]): readonly Value[];
  /** A graph of its own, built by `build` from parameters of the given types. */
  region(
    name: string,
    params: readonly { readonly name: string; readonly type: TensorType }[],
    build: (scope: RegionScope, params: readonly Value[]) => readonly Value[],
  ): Graph;
}

/**
 * A region's function split for reverse mode.
 * forward:  (params) → (outputs, saved...)
 * backward: (needed..., cotangents of the live outputs...) → cotangents of the active parameters
 */
export interface SplitRegion {
  readonly forward: Graph;
  readonly backward: Graph;
  /** What each of backward's leading parameters is. */
  readonly needed: readonly Residual[];
}

export type Residual =
  /** A parameter of the region, which whoever runs it backward still has. */
  | { readonly kind: "param"; readonly index: number }
  /** An output of the region, which exists anyway. */
  | { readonly kind: "output"; readonly index: number }
  /** The index-th value that `forward` returns after the outputs. */
  | { readonly kind: "saved"; readonly index: number }
  /** The parameter `param`, which is the index-th saved value of the run before. */
  | { readonly kind: "before"; readonly index: number; readonly param: number };

export interface SplitRequest {
  /** Of each parameter: whether its cotangent is wanted. */
  readonly active: readonly boolean[];
  /** Of each output: whether a cotangent arrives for it. */
  readonly live: readonly boolean[];
  /** Of each parameter: whether `backward` may read it at no cost. Others have to be saved. */
  readonly freeParams: readonly boolean[];
  /** Of each output: whether `backward` may read it at no cost. */
  readonly freeOutputs: readonly boolean[];
  /** Of each parameter that is an output of the run before: that output. */
  readonly outputBefore: readonly (number | undefined)[];
}

export interface RegionVjpRule<A extends Attrs = Attrs> {
  /** The op itself, whose derivative is written with it. */
  readonly op: RegionOp<A>;
  readonly inputs: readonly Value[];
  readonly attrs: A;
  readonly regions: readonly Graph[];
  readonly scope: RegionScope;
  /** Of each input: whether it depends on what the gradient is taken with respect to. */
  readonly active: readonly boolean[];
  /** Of each result: whether a cotangent can arrive. */
  readonly live: readonly boolean[];
  split(region: Graph, request: SplitRequest): SplitRegion;
  readonly dependent: Dependent;
}

/** For some parameters of a region, which of its outputs depend on them, by whatever path. */
export type Dependent = (region: Graph, params: readonly boolean[]) => readonly boolean[];

export interface RegionDerivative {
  /** The op's results, possibly computed together with what the backward pass needs. */
  readonly results: readonly Value[];
  /** Cotangents of the inputs from those of the results; undefined: none arrived. */
  pull(cotangents: readonly (Value | undefined)[]): readonly Cotangent[];
}

export interface RegionConstraint<A extends Attrs = Attrs> {
  readonly label: `C${number}`;
  readonly says: string;
  holds(inputs: readonly TensorType[], regions: readonly Graph[], attrs: A): boolean;
  readonly hint?: string;
}

/** Evaluates a region whose symbols are bound. */
export type RunRegion = (region: Graph, inputs: readonly Tensor[]) => readonly Tensor[];

/** How the regions of an op run in compiled code. */
export type RegionStructure =
  /** Once, in place of the op. */
  | { readonly kind: "inline" }
  /**
   * `count` times. Parameters of the region, and inputs of the op: values that stay, values carried from
   * step to step, one row of each stack; last, for the region only, the index of the step.
   */
  | {
      readonly kind: "loop";
      readonly consts: number;
      readonly carries: number;
      readonly count: Dim;
      /** From the last row to the first. */
      readonly reverse: boolean;
    }
  /** The first region where the first input is true, else the second; both take the other inputs. */
  | { readonly kind: "branch" }
  /**
   * The second region, which gives the next carries, as long as the first gives true. Both take the values that stay and
   * the carries. More than `limit` steps stop the run.
   */
  | { readonly kind: "while"; readonly consts: number; readonly limit: number };

/** An op with regions and any number of results. */
export interface RegionOp<A extends Attrs = Attrs> {
  readonly kind: "region";
  readonly name: string;
  readonly summary: string;
  readonly formula: string;
  readonly attrs: { readonly [K in keyof A]: AttrKind<A[K]> };
  readonly constraints: readonly RegionConstraint<A>[];
  readonly traits: Traits;

  results(inputs: readonly TensorType[], regions: readonly Graph[], attrs: A): readonly TensorType[];
  evaluate(
    inputs: readonly Tensor[],
    regions: readonly Graph[],
    attrs: A,
    run: RunRegion,
    types: readonly TensorType[],
  ): readonly Float64Array[];
  structure(inputCount: number, attrs: A): RegionStructure;
  /** The attributes of a loop like this one with other numbers of consts and carries; absent for what is no loop. */
  reshaped?(attrs: A, consts: number, carries: number): A;
  /** Whether steps may be skipped for some examples, so that what a step computes does not always count. */
  skipsSteps?(attrs: A): boolean;
  /** Whether each step is to be made by itself, so that nothing is in memory for all steps but what is given and asked for. */
  keepsStepsApart?(attrs: A): boolean;
  /** The step of the loop that was written, where a step of this one is a chunk of its steps and a node of the region runs over them. */
  stepInChunks?(attrs: A, region: Graph, node: Node, chunk: number, step: number): number | undefined;
  /**
   * The same results in simpler terms, for an executor that knows only the structure; undefined where the node is as
   * simple as it gets. Regions are expanded already.
   */
  expand?(
    scope: RegionScope,
    inputs: readonly Value[],
    regions: readonly Graph[],
    attrs: A,
  ): readonly Value[] | undefined;
  /** How the same loop is made one over chunks of steps, which are kept apart; undefined where its attributes do not ask for that. */
  inChunks?(
    attrs: A,
  ): ((scope: RegionScope, inputs: readonly Value[], regions: readonly Graph[]) => readonly Value[]) | undefined;
  /** Which results depend on the inputs that are marked. */
  dependence(marked: readonly boolean[], regions: readonly Graph[], attrs: A, dependent: Dependent): readonly boolean[];
  vjp(rule: RegionVjpRule<A>): RegionDerivative;
}

export type AnyOp = Op | RegionOp;
