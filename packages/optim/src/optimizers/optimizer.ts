/**
 * What an optimizer is: one object with its name, its paper, its options, the
 * tensors that it keeps per parameter, and one update as a graph. Adding one
 * touches its file, a line of the registry, and a test case.
 */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";
import { learningRateSchema } from "../schedules/registry.js";

/** One parameter at one update. All tensors have the parameter's type, all scalars its element type. */
export interface UpdateRule<Options, Slot extends string> {
  readonly g: GraphBuilder;
  readonly param: Value;
  readonly gradient: Value;
  /** The tensors that `slots` names, as the update before left them. */
  readonly state: Readonly<Record<Slot, Value>>;
  /** Scalar. */
  readonly learningRate: Value;
  /** Scalar: the number of this update, counted from 1. */
  readonly count: Value;
  readonly options: Options;
  /**
   * What `make` gives, by name: made once per step for all parameters with these options and this element type. For scalars that
   * follow from rate, count and options alone.
   */
  once(name: string, make: () => Value): Value;
}

/** What an update leaves behind: the next value of the parameter, and of each slot in use. */
export interface Updated<Slot extends string> {
  readonly param: Value;
  readonly state: Readonly<Partial<Record<Slot, Value>>>;
}

export interface Optimizer<S extends z.ZodType = z.ZodType, Slot extends string = string> {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  /** Where it was published. */
  readonly source: string;
  /** One line per equation; a prime marks the next value, W the parameter, g its gradient. */
  readonly formula: readonly string[];
  readonly schema: S;
  /** Names of the tensors kept per parameter, each of the parameter's type and zero before the first update. */
  slots(options: z.output<S>): readonly Slot[];
  /** Throws ConfigError where options contradict each other in ways that the schema does not see. Absent: they cannot. */
  check?(options: z.output<S>): void;
  update(rule: UpdateRule<z.output<S>, Slot>): Updated<Slot>;
}

/** Where the options of an optimizer stand in an experiment. */
export const OPTIMIZER_POINTER = "/training/optimizer";

export const learningRateField = learningRateSchema;
export const epsilonField = (value: number): z.ZodDefault<z.ZodNumber> =>
  z.number().nonnegative().default(value).describe("Added to the root in the divisor, against division by zero.");
export const decayField = (value: number): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).lt(1).default(value).describe("Share of an average that stays at each update, in [0, 1).");

/** The average `decay · average + (1 - decay) · value`. */
export const moved = (g: GraphBuilder, average: Value, value: Value, decay: number): Value =>
  g.add(g.mul(average, decay), g.mul(value, 1 - decay));
