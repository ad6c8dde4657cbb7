/**
 * What a layer is: one object with its name in configs, its schema, a summary
 * and a function that builds it into a graph. Adding a layer touches its
 * definition, one line of the registry, and one test case.
 */
import { formatType, isFloat, type Dim, type FloatDType, type GraphBuilder, type Value } from "@latchgrad/core";
import * as z from "zod";
import type { CellDocuments } from "../cells/registry.js";
import { nameSchema, pathSchema, referencesSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import type { Initializer } from "../init/registry.js";
import type { Carry } from "../model/carries.js";

/** What a layer may use while it is built. */
export interface LayerScope {
  readonly g: GraphBuilder;
  /** Name of the layer; starts the names of its weights. */
  readonly name: string;
  /** JSON pointer of the layer; every node made here carries it. */
  readonly pointer: string;
  /** Element type of weights and activations. */
  readonly dtype: FloatDType;
  /** True in the training graph only. */
  readonly training: boolean;
  /** The cells that the document defines. */
  readonly cells: CellDocuments;
  /** Declares a weight of the layer; `name` may be a path, such as "forward.Wf". With `trainable` false it is never trained. */
  weight(name: string, dims: readonly number[], initializer: Initializer, trainable?: boolean): Value;
  /** The value that a reference means, or undefined; an input of the task, or what the layer listed in `references`. */
  find(reference: string): Value | undefined;
  /** The time axis of the task's main input, which the input "lengths" is about; undefined where it has none. */
  readonly time: Dim | undefined;
  /** The steps that each sequence has had before this part of it, i32[B]; undefined in a graph of whole sequences. */
  readonly stepsBefore: Value | undefined;
  /**
   * What a run over time begins with: `initial`, [B, ...], or in a graph of parts of sequences what the layer told `end` in the
   * part before. `path` tells the carries of a layer apart.
   */
  carry(path: string, initial: Value): Carry;
  /** For a layer whose output at a step depends on later ones: refuses graphs of parts. `received` names the setting that is the reason. */
  needsWhole(received: string): void;
  /**
   * Numbers of type f32, uniform on [0, 1): a function of the run's key, the step, and the name of the
   * layer with `path`, so that they are the same on every backend and after a resume. Training graphs only.
   */
  uniform(path: string, dims: readonly Dim[]): Value;
  /** A key, u32[2], for random numbers at every step of a loop, as a function of the same. Training graphs only. */
  randomKey(path: string): Value;
}

export interface LayerOutputs {
  /** What the name of the layer means, and what the next layer of a chain reads. */
  readonly output: Value;
  /** Further outputs, which others read as "layer.name". */
  readonly more?: Readonly<Record<string, Value>>;
}

/** A name that a config mentions besides its inputs. */
export interface LayerReference {
  /** From the layer's pointer on. */
  readonly path: readonly (string | number)[];
  readonly reference: string;
}

export interface LayerDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  readonly schema: S;
  /** How many inputs it takes. Absent: one. */
  readonly arity?: { readonly least: number; readonly most: number };
  /** How many layers it stands for, which limits the work that a short document can ask for. Absent: one. */
  depth?(config: z.output<S>): number;
  /** What it reads besides its inputs. Absent: nothing. */
  references?(config: z.output<S>): readonly LayerReference[];
  /** Names of its further outputs. Absent: none. */
  outputs?(config: z.output<S>, scope: Pick<LayerScope, "cells" | "pointer">): readonly string[];
  /** Appends the layer to a graph. Throws ConfigError or ShapeError where its inputs do not fit. */
  build(scope: LayerScope, config: z.output<S>, inputs: readonly Value[]): LayerOutputs;
}

/** Ties the type of the functions' config to the schema. */
export const defineLayer = <S extends z.ZodObject>(definition: LayerDefinition<S>): typeof definition => definition;

/** The most elements of a list of layers, and the most layers of a model, stacked and repeated ones counted. */
export const MOST_LAYERS = 1000;

/** The keys of everything that stands in a list of layers. */
export const elementFields = {
  name: nameSchema.optional().meta({
    id: "elementName",
    description: "How others refer to it, and the start of its weights' names. By default its type.",
    examples: ["memory"],
  }),
  inputs: referencesSchema.optional().meta({
    id: "elementInputs",
    description:
      "What it reads: the name of an input, a target or a layer, or a list of names. By default the layer before it; for the " +
      "first layer the input x.",
    examples: ["encoder", ["encoder", "x"]],
  }),
  repeat: z
    .int()
    .min(1)
    .max(MOST_LAYERS)
    .optional()
    .meta({
      id: "repeat",
      description:
        "How many of these stand behind each other, each with weights of its own, and a number behind its name: block1, block2. Each " +
        "reads the one before it; the first reads the inputs. The name alone means the last one.",
      examples: [3],
    }),
};

/** The schema of a layer: the keys that all layers have, and its own. */
export const layerSchema = <const Type extends string, const Fields extends z.core.$ZodLooseShape>(
  type: Type,
  fields: Fields,
) => z.strictObject({ type: z.literal(type), ...elementFields, ...fields });

export const trainableField = z
  .boolean()
  .default(true)
  .meta({ id: "trainable", description: "Whether training changes the weights; false keeps them as they are." });

const tieSchema = z.union([
  pathSchema,
  z.strictObject({
    weight: pathSchema.meta({
      description: "The weight that is used, as its layer and its own name.",
      examples: ["letters.table"],
    }),
    transpose: z.boolean().default(false).describe("Whether its axes are in reverse order."),
  }),
]);

/** The keys of layers that have weights. */
export const weightFields = {
  trainable: trainableField,
  tie: z
    .record(pathSchema, tieSchema)
    .optional()
    .meta({
      id: "tie",
      description:
        'Weights of another layer in place of its own: for each own weight the other one, such as {"W": "letters.table"}, or ' +
        '{"W": {"weight": "letters.table", "transpose": true}}.',
      examples: [{ W: { weight: "letters.table", transpose: true } }],
    }),
};

/** Checks that an input is of floats and has enough axes; `form` spells what the layer takes, such as "[..., features]". */
export function checkFloats(scope: LayerScope, input: Value, leastRank: number, form: string, hint?: string): void {
  if (isFloat(input.type.dtype) && input.type.dims.length >= leastRank) return;
  refuse("input-type", scope.pointer, {
    problem: `the layer "${scope.name}" reads numbers of type ${scope.dtype}${form}`,
    received: formatType(input.type),
    hint: hint ?? (isFloat(input.type.dtype) ? undefined : "put an embedding layer before it to turn ids into vectors"),
  });
}

/** The size of an axis that decides the shape of a weight, which therefore must be known when the graph is built. */
export function knownSize(scope: LayerScope, input: Value, axis: number): number {
  const dim = input.type.dims.at(axis);
  if (typeof dim === "number") return dim;
  return refuse("unknown-size", scope.pointer, {
    problem: `the layer "${scope.name}" needs to know the size of ${axis === -1 ? "the last axis" : `axis ${axis}`} of its input`,
    received: formatType(input.type),
    hint: "batch and time may be symbols; the number of features may not",
  });
}
