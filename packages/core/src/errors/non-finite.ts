/** Where the first number that is not finite arose in a run. */

/** A step of a loop, the outermost first. */
export interface LoopStep {
  /** Name of the loop's first result. */
  readonly loop: string;
  /** Index of the step on the axis of steps; for a while loop, the number of steps before it. */
  readonly step: number;
}

/** An operand of the node where it arose. */
export interface OperandRange {
  readonly name: string;
  /** "f32[32,128]". */
  readonly type: string;
  /** Over its finite elements; absent where there are none. */
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Elements that are not finite. */
  readonly notFinite: number;
  /** The element that became the one that is not finite; absent where it is not one alone. */
  readonly value?: number | undefined;
}

export interface NonFinite {
  /** NaN, Infinity or -Infinity. */
  readonly value: number;
  /** The output in which it showed. */
  readonly output: string;
  /** Name of the value in its graph, or of the input or state that was given so. */
  readonly name: string;
  /** Name of the graph, or of the body that the node is in. */
  readonly graph: string;
  /** Absent for an input. */
  readonly op?: string | undefined;
  /** JSON pointer, for equations with columns. */
  readonly origin?: string | undefined;
  /** With symbols as the graph has them: "f32[B,32]". */
  readonly type: string;
  /** Of the first such element. Its first number is the batch row wherever the batch is the first axis. */
  readonly index: readonly number[];
  /** Empty outside loops. */
  readonly steps: readonly LoopStep[];
  /** "backward": what depends on a cotangent, which is the way back and the update that follows it. */
  readonly pass: "forward" | "backward";
  readonly operands: readonly OperandRange[];
}
