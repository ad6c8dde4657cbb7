/**
 * What a layer is: one object with its name in configs, its schema, a summary
 * and a function that builds it into a graph. Adding a layer touches its
 * definition, one line of the registry, and one test case.
 */
import { formatType, isFloat, type Dim, type FloatDType, type GraphBuilder, type Value } from "@latchgrad/core";
import * as z from "zod";
import type { CellDocuments } from "../cells/registry.js";
import { nameSchema, referenceSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import type { Initializer } from "../init/registry.js";

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
  /** Declares a weight of the layer; `name` may be a path, such as "forward.Wf". */
  weight(name: string, dims: readonly number[], initializer: Initializer): Value;
  /** The value that a reference means, or undefined; the layer must have listed it in `references`. */
  find(reference: string): Value | undefined;
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

/** The schema of a layer: the keys that all layers have, and its own. */
export const layerSchema = <const Type extends string, const Fields extends z.core.$ZodLooseShape>(
  type: Type,
  fields: Fields,
) =>
  z.strictObject({
    type: z.literal(type),
    name: nameSchema
      .optional()
      .describe("How others refer to the layer, and the start of its weights' names. By default its type."),
    inputs: z
      .array(referenceSchema)
      .min(1)
      .max(100)
      .optional()
      .describe("What the layer reads. By default the layer before it; for the first layer the input x."),
    ...fields,
  });

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
