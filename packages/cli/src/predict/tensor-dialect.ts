/** The dialect of tensors: {"x": [[0.1, 0], [0.4, 1]]} in JSON lines, or a table with a step in each row and a column per number. */
import { LatchgradError, type Issue, type TensorType } from "@latchgrad/core";
import { readJsonText } from "@latchgrad/layers";
import { isSequence, LENGTHS_INPUT, type FileBytes, type Served } from "@latchgrad/optim";
import Papa from "papaparse";
import type { Answers, Dialect, Heard, Line, RowFormat } from "./dialect.js";
import {
  InputError,
  nestedLists,
  readNested,
  readNumber,
  stack,
  unknownInput,
  type Example,
  type Nested,
} from "./example.js";
import { linesOf, partsOfLines } from "./lines.js";
import { rowWriter, type Cells } from "./table.js";

type Types = Readonly<Record<string, TensorType>>;

/** The key, and the column, that say which sequence a row belongs to. */
const ID = "id";

export interface TensorDialectOptions {
  readonly served: Pick<Served, "inputs" | "outputs">;
  readonly format: RowFormat;
  /** Names that may be there and are not read, such as those of targets. */
  readonly ignored: readonly string[];
  /** Whether a line is one step, without the axis of time. */
  readonly isStream: boolean;
}

export function tensorDialect({ served, format, ignored, isStream }: TensorDialectOptions): Dialect<Example> {
  const { [LENGTHS_INPUT]: lengths, ...inputs } = served.inputs;
  const sequenceNames = Object.keys(inputs).filter((name) => isSequence(inputs[name]));
  const kinds: Kinds = { inputs, ignored: [...ignored, LENGTHS_INPUT], isRowAStep: format === "csv" || isStream };
  const write = rowWriter(format);
  if (format === "csv") checkTable(inputs, served.outputs);
  const stepsOf = (example: Example): number => (sequenceNames.length === 0 ? 1 : example[sequenceNames[0]].dims[0]);
  const reader = (): ((line: Line) => Heard<Example> | undefined) => {
    const read = format === "csv" ? tableReader(kinds) : jsonReader(kinds);
    return (line) => {
      if (line.text.trim() === "") return undefined;
      const found = onLine(line, () => read(line.text));
      if (found === undefined) return undefined;
      if ("issues" in found) return { id: undefined, steps: 0, sequence: {}, issues: found.issues };
      return { id: found.id, steps: stepsOf(found.example), sequence: found.example, issues: [] };
    };
  };
  return {
    async *sequences(_, file: FileBytes) {
      const read = reader();
      const heard = heardIn(linesOf(file), read);
      yield* format === "csv" && sequenceNames.length > 0 ? joinedById(heard) : heard;
    },
    parts(_, source) {
      const read = reader();
      return partsOfLines(source, (line) => Promise.resolve(read(line)));
    },
    // Sequences of different lengths share a batch only where the model reads their lengths.
    shape: ({ sequence }) =>
      Object.entries(sequence)
        .map(([name, { dims }]) =>
          [name, ...(lengths !== undefined && name === sequenceNames[0] ? dims.slice(1) : dims)].join(" "),
        )
        .join(";"),
    encode(batch) {
      const values = Object.fromEntries(
        Object.entries(inputs).map(([name, type]) => [
          name,
          stack(
            batch.map(({ sequence }) => sequence[name]),
            type,
          ),
        ]),
      );
      if (lengths === undefined) return values;
      const data = Int32Array.from(batch, ({ steps }) => steps);
      return { ...values, [LENGTHS_INPUT]: { dtype: "i32", dims: [batch.length], data } };
    },
    answer({ id }, answers) {
      const named = id === undefined ? {} : { [ID]: id };
      const shown = isStream ? withoutTime(answers, served.outputs) : answers;
      const lists = Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, nestedLists(value)]));
      return write({ ...named, ...lists }, () => tableOf(named, shown, isStream ? {} : served.outputs));
    },
  };
}

async function* heardIn(
  lines: AsyncIterable<Line>,
  read: (line: Line) => Heard<Example> | undefined,
): AsyncGenerator<Heard<Example>> {
  for await (const line of lines) {
    const heard = read(line);
    if (heard !== undefined) yield heard;
  }
}

/** Rows behind each other with the same id as one sequence. */
async function* joinedById(rows: AsyncIterable<Heard<Example>>): AsyncGenerator<Heard<Example>> {
  let held: Heard<Example>[] = [];
  for await (const row of rows) {
    // A row that cannot be read belongs to the sequence that it stands in.
    if (
      held.length > 0 &&
      row.issues.length === 0 &&
      held.some(({ id, issues }) => issues.length === 0 && id !== row.id)
    ) {
      yield joined(held);
      held = [];
    }
    held.push(row);
  }
  if (held.length > 0) yield joined(held);
}

function joined(rows: readonly Heard<Example>[]): Heard<Example> {
  const issues = rows.flatMap((row) => row.issues);
  const [{ id, sequence: first }] = rows;
  if (issues.length > 0) return { id, steps: 0, sequence: first, issues };
  const sequence = Object.fromEntries(
    Object.entries(first).map(([name, { dims }]): [string, Nested] => [
      name,
      { dims: [rows.length, ...dims.slice(1)], data: rows.flatMap((row) => row.sequence[name].data) },
    ]),
  );
  return { id, steps: rows.length, sequence, issues };
}

interface Kinds {
  readonly inputs: Types;
  readonly ignored: readonly string[];
  /** Whether a line has one step of each sequence, without the axis of time. */
  readonly isRowAStep: boolean;
}

interface ReadLine {
  readonly id: unknown;
  readonly example: Example;
}

/** Type of what a line says of an input: one example, or one step of it. */
const lineType = (type: TensorType, { isRowAStep }: Kinds): TensorType => ({
  dtype: type.dtype,
  dims: type.dims.slice(isRowAStep && isSequence(type) ? 2 : 1),
});

/** One step as a sequence of one. */
const withTime = (value: Nested, type: TensorType, { isRowAStep }: Kinds): Nested =>
  isRowAStep && isSequence(type) ? { dims: [1, ...value.dims], data: value.data } : value;

const withoutTime = (answers: Answers, types: Types): Answers =>
  Object.fromEntries(
    Object.entries(answers).map(([name, value]) => [
      name,
      isSequence(types[name]) ? { dims: value.dims.slice(1), data: value.data } : value,
    ]),
  );

/** Runs `read`; what it throws becomes issues with the line number. */
function onLine<T>({ number, text }: Line, read: () => T): T | { readonly issues: readonly Issue[] } {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    return {
      issues: error.issues.map((issue): Issue => {
        const { at } = issue;
        if (at.kind === "text") return { ...issue, at: { ...at, line: number } };
        const name = at.kind === "value" ? `${at.name}: ` : "";
        return { ...issue, problem: `${name}${issue.problem}`, at: { kind: "text", line: number, text } };
      }),
    };
  }
}

const jsonReader = (kinds: Kinds) => {
  const { inputs, ignored } = kinds;
  const names = Object.keys(inputs);
  return (text: string): ReadLine => {
    const value = readJsonText(text);
    // With one input its name may be left out.
    const record: Readonly<Record<string, unknown>> =
      typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : { [names[0]]: value };
    const { [ID]: id, ...given } = record;
    for (const name of Object.keys(given))
      if (!names.includes(name) && !ignored.includes(name)) throw unknownInput(name, names);
    const example = Object.fromEntries(
      names.map((name) => {
        const type = inputs[name];
        if (!Object.hasOwn(given, name)) throw missing(name, lineType(type, kinds));
        return [name, withTime(readNested(given[name], lineType(type, kinds), name), type, kinds)] as const;
      }),
    );
    return { id, example };
  };
};

const missing = (name: string, { dims }: TensorType): InputError =>
  new InputError([
    {
      code: "input.missing",
      problem: "there is a value for every input of the model",
      at: { kind: "value", name },
      received: "nothing",
      hint: `give "${name}" as ${dims.length === 0 ? "a number" : "nested lists of numbers"}`,
    },
  ]);

/** Names for the numbers of one step: "x" where it is one, else "x.0", "x.1", or "x.0.1" for several axes. */
function columnNames(name: string, dims: readonly number[]): readonly string[] {
  const count = dims.reduce((product, size) => product * size, 1);
  if (count === 1) return [name];
  return Array.from({ length: count }, (_, index) => {
    let rest = index;
    const places = dims.toReversed().map((size) => {
      const place = rest % size;
      rest = Math.floor(rest / size);
      return place;
    });
    return [name, ...places.toReversed()].join(".");
  });
}

/** What a row of a table has of a value: the axes behind batch and time, whose sizes have to be known. */
const rowDims = (type: TensorType): readonly number[] =>
  type.dims.slice(isSequence(type) ? 2 : 1).filter((dim) => typeof dim === "number");

/** A table has rows of one kind: steps, or whole examples. Throws InputError where that is not enough. */
function checkTable(inputs: Types, outputs: Types): void {
  const refuse = (received: string): never => {
    throw new InputError([
      {
        code: "input.table",
        problem: "in a table all inputs, and all outputs, are of one kind: a row per step, or a row per example",
        at: { kind: "value", name: "the format csv" },
        received,
        hint: "use JSON lines: --format jsonl",
      },
    ]);
  };
  for (const types of [inputs, outputs]) {
    const entries = Object.entries(types);
    if (new Set(entries.map(([, type]) => isSequence(type))).size > 1)
      refuse(entries.map(([name, type]) => `${name} per ${isSequence(type) ? "step" : "example"}`).join(", "));
    const open = entries.find(([, type]) =>
      type.dims.slice(isSequence(type) ? 2 : 1).some((dim) => typeof dim === "string"),
    );
    if (open !== undefined) refuse(`${open[0]} has a further axis of any size`);
  }
}

function tableReader(kinds: Kinds): (text: string) => ReadLine | undefined {
  const { inputs, ignored } = kinds;
  const columns = Object.entries(inputs).map(([name, type]) => ({
    name,
    type,
    names: columnNames(name, rowDims(type)),
  }));
  const known = columns.flatMap(({ names }) => names);
  let header: readonly string[] | undefined;
  let isRefused = false;
  return (text) => {
    // Rows under a line of names that was refused say nothing.
    if (isRefused) return undefined;
    const cells = cellsOf(text);
    if (header === undefined) {
      isRefused = true;
      const isIgnored = (name: string): boolean => ignored.some((each) => name === each || name.startsWith(`${each}.`));
      for (const name of cells)
        if (name !== ID && !known.includes(name) && !isIgnored(name)) throw unknownInput(name, known);
      for (const name of known) if (!cells.includes(name)) throw missing(name, { dtype: "f32", dims: [] });
      header = cells;
      isRefused = false;
      return undefined;
    }
    const row = header;
    const cellOf = (name: string): string => cells[row.indexOf(name)] ?? "";
    const example = Object.fromEntries(
      columns.map(({ name, type, names }) => {
        const data = names.map((column) => {
          const cell = cellOf(column);
          return readNumber(cell === "" ? cell : Number(cell), type, `column ${column}`);
        });
        return [name, withTime({ dims: rowDims(type), data }, type, kinds)] as const;
      }),
    );
    return { id: row.includes(ID) ? cellOf(ID) : undefined, example };
  };
}

function cellsOf(text: string): readonly string[] {
  const { data, errors } = Papa.parse(text, { delimiter: "," });
  if (data.length === 1 && errors.length === 0) return data[0].map((cell) => cell.trim());
  throw new InputError([
    {
      code: "input.csv",
      problem: "a line is one row of a table with commas",
      at: { kind: "value", name: "row" },
      received: errors.length > 0 ? errors[0].message : "several rows",
    },
  ]);
}

/** The rows of a table: one per step where outputs have steps, else one. */
function tableOf(named: Cells, answers: Answers, types: Types): readonly Cells[] {
  const entries = Object.entries(answers);
  const hasSteps = entries.some(([name]) => Object.hasOwn(types, name) && isSequence(types[name]));
  const steps = hasSteps ? entries[0][1].dims[0] : 1;
  return Array.from({ length: steps }, (_, step) => {
    const cells = entries.flatMap(([name, { dims, data }]) => {
      const names = columnNames(name, hasSteps ? dims.slice(1) : dims);
      return names.map((column, i) => [column, data[step * names.length + i]] as const);
    });
    return { ...named, ...Object.fromEntries(cells) };
  });
}
