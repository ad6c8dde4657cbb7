/** The cells that configs can name. One line per cell. */
import * as z from "zod";
import type { Cell, CellDefinition } from "./cell.js";
import { elman } from "./elman.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";

export const cells = { lstm, gru, rnn: elman } as const;

type CellSchema = (typeof cells)[keyof typeof cells]["schema"];

const schemas = Object.values(cells).map((definition): CellSchema => definition.schema);

/** How a config writes a cell. Cells that a document defines itself will be one more alternative here. */
export const cellSchema = z
  .discriminatedUnion("type", schemas as [CellSchema, ...CellSchema[]])
  .describe("The cell that runs over time, with its settings.");

export type CellConfig = z.output<typeof cellSchema>;

/** The cell that a config describes. */
export function makeCell(config: CellConfig): Cell {
  const definition: CellDefinition = cells[config.type];
  return definition.make(config);
}
