/**
 * Sequences that come in parts: what layers hand over from one part to the next,
 * as state of the graph. With parts of one step a model answers step by step;
 * with parts of many it learns from streams that no memory holds as a whole.
 *
 * State, each with its next value as the output `next.<name>`: `carry/memory.h` and so on, [B, ...], and `carry/steps`, i32[B], the steps
 * that the sequence of each example has had so far. The input `begins`, bool[B], says of which examples a sequence begins with this
 * part: what was handed over to those counts for nothing.
 */
import { bool, i32, type Dim, type GraphBuilder, type Issue, type TensorType, type Value } from "@latchgrad/core";
import { configIssue, throwIssues } from "../config/refuse.js";
import { BEGINS_PARAM } from "./signature.js";

const STEPS = "steps";

const carryName = (path: string): string => `carry/${path}`;
/** The output that has the next value of a state. */
const nextName = (state: string): string => `next.${state}`;

/** What is handed over at one place. */
export interface Carry {
  /** What this part begins with: the initial value, or what the part before ended with. */
  readonly begin: Value;
  /** Tells what this part ends with, of the same type. To be called once. */
  end(value: Value): void;
}

/** A tensor that parts of sequences hand over; the batch comes first. */
export interface CarrySpec {
  readonly name: string;
  readonly type: TensorType;
}

/** What the layers of a model use to hand over values; in a graph of whole sequences nothing is. */
export interface Carries {
  /** The steps that each sequence has had before this part, i32[B]; undefined where sequences are whole. */
  stepsBefore(): Value | undefined;
  carry(path: string, initial: Value): Carry;
  /** Notes that a layer cannot work on parts, and why; `received` is what in its config is the reason. */
  needsWhole(pointer: string, layer: string, received: string): void;
}

/** For graphs of whole sequences. */
export const NO_CARRIES: Carries = {
  stepsBefore: () => undefined,
  carry: (_, initial) => ({ begin: initial, end: () => undefined }),
  needsWhole: () => undefined,
};

/** What is handed over, once all layers were built. */
export interface HandedOver {
  readonly carries: readonly CarrySpec[];
  /** By name of the output. */
  readonly outputs: Readonly<Record<string, Value>>;
  readonly state: readonly { readonly param: string; readonly next: string }[];
}

export interface CarriesInParts extends Carries {
  /** Throws ConfigError with every layer that needs whole sequences. */
  finish(): HandedOver;
}

/** For graphs of parts with `time` steps of `batch` sequences. */
export function carriesInParts(g: GraphBuilder, batch: Dim, time: Dim): CarriesInParts {
  const begins = g.param(BEGINS_PARAM, bool(batch));
  const issues = new Map<string, Issue>();
  const handed: { readonly spec: CarrySpec; next: Value | undefined }[] = [];
  const carry = (path: string, initial: Value): Carry => {
    const spec: CarrySpec = { name: carryName(path), type: initial.type };
    const before = g.param(spec.name, spec.type);
    const entry: (typeof handed)[number] = { spec, next: undefined };
    handed.push(entry);
    const isFirst = g.broadcast(begins, { dims: spec.type.dims, axes: [0] });
    return {
      begin: g.select(isFirst, initial, before),
      end(value) {
        entry.next = value;
      },
    };
  };
  const steps = carry(STEPS, g.constant({ ...i32(batch), data: [0] }));
  steps.end(g.add(steps.begin, g.size({ dim: time, dtype: "i32" })));
  return {
    stepsBefore: () => steps.begin,
    carry,
    needsWhole(pointer, layer, received) {
      // One reason is enough, and the first is that of a setting.
      if (issues.has(layer)) return;
      issues.set(
        layer,
        configIssue("needs-whole-sequence", pointer, {
          problem: `a sequence that comes in parts is read from its beginning on, and the layer "${layer}" needs the whole of it`,
          received,
          hint: "read whole sequences, or use layers that read forwards, one step after the other",
        }),
      );
    },
    finish() {
      throwIssues([...issues.values()]);
      const complete = handed.map(({ spec, next }) => {
        if (next === undefined) throw new TypeError(`internal: ${spec.name} is not handed over; please report this`);
        return { spec, next };
      });
      return {
        carries: complete.map(({ spec }) => spec),
        outputs: Object.fromEntries(complete.map(({ spec, next }) => [nextName(spec.name), next])),
        state: complete.map(({ spec }) => ({ param: spec.name, next: nextName(spec.name) })),
      };
    },
  };
}
