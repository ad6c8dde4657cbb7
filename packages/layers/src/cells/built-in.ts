/** The cells that are written with the builder. One line per cell. */
import type { CellDefinition } from "./cell.js";
import { elman } from "./elman.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";

export const cells = { lstm, gru, rnn: elman } as const;

type CellSchema = (typeof cells)[keyof typeof cells]["schema"];

const definitions: ReadonlyMap<string, CellDefinition> = new Map(Object.entries(cells));

/** The cell of that type that is written with the builder, if there is one. */
export const builtInCell = (type: string): CellDefinition | undefined => definitions.get(type);

export const builtInSchemas = Object.values(cells).map((definition): CellSchema => definition.schema) as [
  CellSchema,
  ...CellSchema[],
];
