/**
 * How far back can a cell remember? The same task, size and training for the
 * plain recurrent network, the GRU and the LSTM, over growing distances.
 */
import { readExperiment, train, type ExperimentDocument } from "@latchgrad/optim";
import { modelDocument } from "./models.js";

export const CELLS = ["rnn", "gru", "lstm"] as const;
export type Cell = (typeof CELLS)[number];

export interface MemoryTest {
  readonly cell: Cell;
  /** Time steps of a sequence of the adding problem. */
  readonly length: number;
}

export interface MemoryResult extends MemoryTest {
  /** Updates until the validation loss was reached that the document asks for, or all of them. */
  readonly step: number;
  readonly reached: boolean;
  /** Mean squared error on sequences never seen. */
  readonly loss: number;
  /** The error of always answering the mean. */
  readonly baseline: number;
}

/** Changes a document before it is trained, for example to make it smaller. */
export type Change = (document: ExperimentDocument) => ExperimentDocument;

/** Trains the adding model of each cell at each length; results come as they are found. */
export async function* compareMemory(
  lengths: readonly number[],
  change: Change = (document) => document,
): AsyncGenerator<MemoryResult, void> {
  for (const length of lengths) for (const cell of CELLS) yield await trainOne({ cell, length }, change);
}

async function trainOne({ cell, length }: MemoryTest, change: Change): Promise<MemoryResult> {
  const document = modelDocument(`adding-${cell}`);
  const experiment = readExperiment(change({ ...document, task: { type: "adding", length } }));
  for await (const event of train(experiment)) {
    if (event.kind !== "done" || event.evaluation === undefined) continue;
    const { loss, baseline } = event.evaluation;
    return {
      cell,
      length,
      step: event.step,
      reached: event.reason === "stopped",
      loss,
      baseline: baseline?.value ?? Number.NaN,
    };
  }
  throw new TypeError("internal: a run ended without a result");
}

/** Results as a table: a row per length, a column per cell. */
export function memoryTable(results: readonly MemoryResult[]): readonly (readonly string[])[] {
  const lengths = [...new Set(results.map(({ length }) => length))];
  const cellText = (length: number, cell: Cell): string => {
    const result = results.find((candidate) => candidate.length === length && candidate.cell === cell);
    if (result === undefined) return "";
    return `${result.loss.toFixed(4)} ${result.reached ? `(${result.step} steps)` : "(not solved)"}`;
  };
  return [
    ["length", ...CELLS],
    ...lengths.map((length) => [String(length), ...CELLS.map((cell) => cellText(length, cell))]),
  ];
}
