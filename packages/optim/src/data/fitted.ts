/**
 * What is learned about columns from the training part, and from nothing else: shift and scale of numbers, and the symbols of
 * categories and classes. It is plain data, so that a trained model is kept together with it: `data.json` beside the weights.
 */
import { ConfigError, joinPointer } from "@latchgrad/core";
import * as z from "zod";
import type { Slot } from "./columns.js";

export const FITTED_FORMAT = 1;
/** Name of the file with it in the folder of a model. */
export const FITTED_FILE = "data.json";

const place = { name: z.string(), column: z.string() };
export const fittedSchema = z.strictObject({
  format: z.literal(FITTED_FORMAT),
  columns: z.array(
    z.union([
      z.strictObject({ ...place, shift: z.number(), scale: z.number().positive() }),
      z.strictObject({ ...place, symbols: z.array(z.string()) }),
    ]),
  ),
});

/**
 * Per slot (a column in an input or target), in the order of the config: numbers x become (x - shift) / scale; symbols
 * are numbered in the order of the list, from 1 on where 0 stands for all others, which targets do not have. Texts have one slot.
 */
export type Fitted = z.output<typeof fittedSchema>;
export type FittedColumn = Fitted["columns"][number];
export type FittedNumbers = Extract<FittedColumn, { readonly shift: number }>;
export type FittedSymbols = Extract<FittedColumn, { readonly symbols: readonly string[] }>;

/** What is fitted, from the bytes of its file. Throws ConfigError. */
export function readFitted(bytes: Uint8Array): Fitted {
  const refuse = (received: string, pointer = ""): ConfigError =>
    new ConfigError([
      {
        code: "config.fitted",
        problem: `${FITTED_FILE} holds what was fitted to training data`,
        at: { kind: "config", pointer },
        received,
        hint: "it belongs to the weights beside it; train the model again",
      },
    ]);
  let document: unknown;
  try {
    // A vocabulary may be larger than what the reader of documents takes.
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse("no JSON");
  }
  const result = fittedSchema.safeParse(document, { jitless: true });
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw refuse(message, joinPointer("", ...path.map(String)));
}

/** The text of the file. */
export const fittedText = (fitted: Fitted): string => `${JSON.stringify(fitted)}\n`;

/** Throws ConfigError where something was fitted to other columns than these. */
export function checkFitted(fitted: Fitted, slots: readonly Pick<Slot, "name" | "column" | "values">[]): void {
  const fits =
    fitted.columns.length === slots.length &&
    slots.every(({ name, column, values }, i) => {
      const found = fitted.columns[i];
      return found.name === name && found.column === column && "symbols" in found === (values.kind === "symbol");
    });
  if (fits) return;
  throw new ConfigError([
    {
      code: "config.fitted",
      problem: `${FITTED_FILE} was made for the columns of this task`,
      at: { kind: "config", pointer: "/task" },
      expected: slots.map(({ name, column }) => `${name}: ${column}`).join(", "),
      received: fitted.columns.map(({ name, column }) => `${name}: ${column}`).join(", "),
    },
  ]);
}

/** Gathers what is fitted to one slot, value by value. */
export interface Fit {
  add(value: number | string): void;
  end(): FittedColumn;
}

/** Different symbols of a column at most. */
const MOST_DISTINCT = 1_000_000;

export const fitOf = ({ name, column, values, is }: Slot): Fit =>
  values.kind === "number"
    ? fitNumbers(name, column, values.normalize)
    : fitSymbols(name, column, { ...values, isTarget: is === "target" });

/** Mean and deviation by Welford's method (1962), which does not lose digits where the mean is large. */
function fitNumbers(name: string, column: string, normalize: "standard" | "minMax" | "none"): Fit {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  return {
    add(value) {
      const x = Number(value);
      count++;
      const before = x - mean;
      mean += before / count;
      squares += before * (x - mean);
      least = Math.min(least, x);
      most = Math.max(most, x);
    },
    end() {
      const shift = count === 0 || normalize === "none" ? 0 : normalize === "standard" ? mean : least;
      const spread =
        count === 0 || normalize === "none" ? 1 : normalize === "standard" ? Math.sqrt(squares / count) : most - least;
      // A column that never changes stays 0.
      return { name, column, shift, scale: spread > 0 && Number.isFinite(spread) ? spread : 1 };
    },
  };
}

interface SymbolsToFit {
  readonly labels?: readonly string[] | undefined;
  readonly hasOther: boolean;
  readonly size: number;
  readonly isTarget: boolean;
}

/** The most frequent symbols, ties in the order of their code units; classes all, in the order of numbers or of code units. */
function fitSymbols(name: string, column: string, { labels, hasOther, size, isTarget }: SymbolsToFit): Fit {
  const counts = new Map<string, number>();
  return {
    add(value) {
      if (labels !== undefined) return;
      const symbol = String(value);
      const count = counts.get(symbol);
      if (count === undefined && counts.size === MOST_DISTINCT) throw tooMany(column, MOST_DISTINCT, counts.size + 1);
      counts.set(symbol, (count ?? 0) + 1);
    },
    end() {
      if (labels !== undefined) return { name, column, symbols: [...labels] };
      if (isTarget) {
        if (counts.size > size) throw tooMany(column, size, counts.size);
        return { name, column, symbols: sortedLabels([...counts.keys()]) };
      }
      const ranked = [...counts].sort(([a, m], [b, n]) => n - m || compareTexts(a, b));
      return { name, column, symbols: ranked.slice(0, size - (hasOther ? 1 : 0)).map(([symbol]) => symbol) };
    },
  };
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isNumber = (label: string): boolean => label.trim() !== "" && Number.isFinite(Number(label));

/** In the order of numbers where all are numbers, else of code units. */
function sortedLabels(labels: readonly string[]): string[] {
  const compare = labels.every(isNumber)
    ? (a: string, b: string): number => Number(a) - Number(b) || compareTexts(a, b)
    : compareTexts;
  return [...labels].sort(compare);
}

const tooMany = (column: string, most: number, received: number): ConfigError =>
  new ConfigError([
    {
      code: "config.too-many-symbols",
      problem: `the column "${column}" has at most as many different values as the task says`,
      at: { kind: "config", pointer: "/task" },
      expected: `at most ${most}`,
      received: `${received} in the training part`,
    },
  ]);
