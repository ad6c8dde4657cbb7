/** Mappings, read: those that are known, and those of documents, which may extend them. */
import { readWithSchema } from "../../config/read-schema.js";
import keras from "./mappings/keras.json";
import pytorch from "./mappings/pytorch.json";
import { mappingSchema, type Directions, type MappingConfig, type Rule } from "./mapping-schema.js";

/** A mapping with all that it extends. */
export interface Mapping {
  readonly separator: string;
  readonly directions: Directions;
  /** Where layers stand in the source, by their paths here. */
  readonly layers: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly ignore: readonly string[];
}

/** The mappings that are known, as documents: of PyTorch's state_dict, and of the variables of Keras 3 by their paths. */
export const mappings = { pytorch, keras } as const;

const NO_DIRECTIONS: Directions = { only: "", forward: "", reverse: "" };

/** The mapping in a document (what JSON.parse gives). Throws ConfigError with every problem at once. */
export function readMapping(document: unknown): Mapping {
  const { extends: base, ...own }: MappingConfig = readWithSchema(mappingSchema, document);
  const below = base === undefined ? undefined : readMapping(mappings[base]);
  return {
    separator: own.separator ?? below?.separator ?? ".",
    directions: own.directions ?? below?.directions ?? NO_DIRECTIONS,
    layers: { ...below?.layers, ...own.layers },
    rules: [...own.rules, ...(below?.rules ?? [])],
    ignore: [...own.ignore, ...(below?.ignore ?? [])],
  };
}
