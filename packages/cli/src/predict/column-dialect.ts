/** The dialect of data files: rows as the model's training read them, and answers in the units and by the names of its targets. */
import type { TensorType } from "@latchgrad/core";
import type { Model } from "@latchgrad/layers";
import { isSequence, LENGTHS_INPUT, type DataCoder, type InputSequence, type Served } from "@latchgrad/optim";
import type { Dialect, Heard, RowFormat } from "./dialect.js";
import { nestedLists, type Nested } from "./example.js";
import { partsOfLines } from "./lines.js";
import { targetsOf } from "./targets.js";
import { rowWriter, type Cells } from "./table.js";

export interface ColumnDialectOptions {
  readonly coder: DataCoder;
  readonly model: Model;
  readonly served: Pick<Served, "inputs" | "outputs">;
  /** Of the answers; the rows are in the format of the training's files. */
  readonly format: RowFormat;
  /** Parts of streams have no number of their own for their steps. */
  readonly isStream: boolean;
}

/** What an answer says in one column: one value, or in a forecast one for each step ahead. */
interface Said {
  readonly column: string;
  readonly values: readonly (number | string)[];
  readonly probabilities: Readonly<Record<string, number>> | undefined;
}

export function columnDialect({
  coder,
  model,
  served,
  format,
  isStream,
}: ColumnDialectOptions): Dialect<InputSequence> {
  const { inputs, outputs } = served;
  const targets = targetsOf(model);
  const write = rowWriter(format);
  const heard = (sequence: InputSequence): Heard<InputSequence> => ({
    id: sequence.id,
    steps: sequence.steps,
    sequence,
    issues: sequence.issues,
  });
  const hasLengths = Object.hasOwn(inputs, LENGTHS_INPUT);
  return {
    async *sequences(path, file) {
      for await (const sequence of coder.read(path, file)) yield heard(sequence);
    },
    parts(path, source) {
      const read = coder.lines(path);
      return partsOfLines(source, async ({ text }) => {
        const found = await read(text);
        return found === undefined
          ? undefined
          : { ...heard(found), id: coder.sequence === undefined ? undefined : found.id };
      });
    },
    shape: ({ steps }) => (hasLengths ? "" : String(steps)),
    // A model need not read all that its task offers.
    encode: (batch) =>
      Object.fromEntries(
        Object.entries(coder.encode(batch.map(({ sequence }) => sequence))).filter(([name]) =>
          Object.hasOwn(inputs, name),
        ),
      ),
    answer({ id }, answers) {
      const parts = Object.entries(answers).map(([name, value]) => ({
        type: outputs[name],
        name,
        value,
        said: targets.has(name) ? saidOf(coder, targets.get(name) ?? "", outputs[name], value) : undefined,
      }));
      const object = Object.fromEntries(
        parts.flatMap(({ name, value, said, type }) =>
          said === undefined ? [[name, nestedLists(value)]] : entriesOf(said, isSequence(type)),
        ),
      );
      const named = id === undefined ? {} : { id };
      return write({ ...named, ...object }, () => rowsOf(named, parts, isStream));
    },
  };
}

/** For each step, or once for the whole sequence, what each column says. */
const saidOf = (
  coder: DataCoder,
  target: string,
  { dtype }: TensorType,
  { dims, data }: Nested,
): readonly (readonly Said[])[] =>
  coder.decode(target, { dtype, dims, data: Float64Array.from(data) }).map(({ columns }) =>
    columns.map(({ column, values, classes, probabilities }) => ({
      column,
      values,
      probabilities:
        classes === undefined || probabilities === undefined
          ? undefined
          : Object.fromEntries(classes.map((name, i) => [name, probabilities[i]])),
    })),
  );

/** Of one answer for JSON: a value per column, or a list of them by step; likewise probabilities. */
function entriesOf(said: readonly (readonly Said[])[], hasSteps: boolean): readonly (readonly [string, unknown])[] {
  const [first = []] = said;
  return first.flatMap(({ column, probabilities }, k): readonly (readonly [string, unknown])[] => {
    const values = said.map((columns) => (columns[k].values.length === 1 ? columns[k].values[0] : columns[k].values));
    const shares = said.map((columns) => columns[k].probabilities);
    return [
      [column, hasSteps ? values : values[0]],
      ...(probabilities === undefined ? [] : [[`${column}.probabilities`, hasSteps ? shares : shares[0]] as const]),
    ];
  });
}

interface Part {
  readonly name: string;
  readonly type: TensorType;
  readonly value: Nested;
  readonly said: readonly (readonly Said[])[] | undefined;
}

/** The rows of a table: one per step where an output has steps, with what holds for the whole sequence in each of them. */
function rowsOf(named: Cells, parts: readonly Part[], isStream: boolean): readonly Cells[] {
  const stepwise = parts.find(({ type }) => isSequence(type));
  const steps = stepwise === undefined ? 1 : stepwise.value.dims[0];
  return Array.from({ length: steps }, (_, step) => {
    const cells = parts.flatMap(({ name, type, value: { data }, said }) => {
      const at = isSequence(type) ? step : 0;
      if (said !== undefined) return said[at].flatMap(cellsOf);
      const width = data.length / (isSequence(type) ? steps : 1);
      return Array.from(
        { length: width },
        (_, i) => [width === 1 ? name : `${name}.${i}`, data[at * width + i]] as const,
      );
    });
    return {
      ...named,
      ...(stepwise === undefined || isStream ? {} : { step: step + 1 }),
      ...Object.fromEntries(cells),
    };
  });
}

const cellsOf = ({ column, values, probabilities = {} }: Said): readonly (readonly [string, unknown])[] => [
  ...values.map((value, ahead) => [values.length === 1 ? column : `${column}.${ahead + 1}`, value] as const),
  ...Object.entries(probabilities).map(([name, share]) => [`${column}=${name}`, share] as const),
];
