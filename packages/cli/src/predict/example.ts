/** Examples between text and tensors: nested lists of numbers for an input, and for what a model answers. */
import {
  formatType,
  isFloat,
  LatchgradError,
  suggestName,
  toTensorData,
  type Issue,
  type TensorData,
  type TensorType,
} from "@latchgrad/core";

/** A line of an input that is no example for the model; `at` is its line and column. */
export class InputError extends LatchgradError {
  override readonly name = "InputError";
}

/** One example: the numbers of each input, without a batch. */
export type Example = Readonly<Record<string, Nested>>;

/** Numbers with the sizes of their axes. */
export interface Nested {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const refuse = (name: string, facts: Omit<Issue, "at" | "code">): never => {
  throw new InputError([{ code: "input.value", at: { kind: "value", name }, ...facts }]);
};

/** The numbers in nested lists, which have to be of the type, whose symbols stand for any size. Throws InputError. */
export function readNested(value: unknown, type: TensorType, name: string): Nested {
  const dims: number[] = [];
  const data: number[] = [];
  const visit = (part: unknown, axis: number, path: string): void => {
    if (axis === type.dims.length) {
      data.push(readNumber(part, type, path));
      return;
    }
    if (!Array.isArray(part))
      return refuse(path, { problem: `${name} is ${formatType(type)}: a list here`, received: kindOf(part) });
    const size = type.dims[axis];
    const first = dims[axis] ?? part.length;
    if (typeof size === "number" ? part.length !== size : part.length !== first || part.length === 0)
      return refuse(path, {
        problem: `${name} is ${formatType(type)}, and lists on one level are of equal length`,
        expected: `a list of ${typeof size === "number" ? size : first === 0 ? "1 or more" : first}`,
        received: `a list of ${part.length}`,
      });
    dims[axis] = part.length;
    part.forEach((each: unknown, i) => {
      visit(each, axis + 1, `${path}[${i}]`);
    });
  };
  visit(value, 0, name);
  return { dims, data };
}

/** A number that fits an element type. Throws InputError. */
export function readNumber(value: unknown, { dtype }: Pick<TensorType, "dtype">, path: string): number {
  const isFit = typeof value === "number" && Number.isFinite(value) && (isFloat(dtype) || Number.isInteger(value));
  if (isFit) return value;
  return refuse(path, {
    problem: isFloat(dtype) ? "the value is a finite number" : "the value is a whole number",
    received: typeof value === "number" ? String(value) : kindOf(value),
  });
}

const kindOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const text = JSON.stringify(value);
  return typeof value === "object" ? "an object" : text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

/** The error for a name that no input has. */
export function unknownInput(name: string, known: readonly string[]): InputError {
  return new InputError([
    {
      code: "input.unknown",
      problem: `the model has no input "${name}"`,
      at: { kind: "value", name },
      expected: known.join(", "),
      hint: suggestName(name, known),
    },
  ]);
}

/** Values of several examples as one tensor, [B, ...]; shorter ones are followed by zeros on the first axis. */
export function stack(values: readonly Nested[], { dtype }: TensorType): TensorData {
  const [{ dims }] = values;
  const longest = dims.length === 0 ? [] : [Math.max(...values.map((value) => value.dims[0])), ...dims.slice(1)];
  const size = longest.reduce((product, each) => product * each, 1);
  const data = new Float64Array(values.length * size);
  values.forEach((value, i) => {
    data.set(value.data, i * size);
  });
  return toTensorData({ type: { dtype, dims: [values.length, ...longest] }, data });
}

/** Example `index` of a batch; `steps` cuts off what was padded on the first axis. */
export function unstack({ dims, data }: TensorData, index: number, steps?: number): Nested {
  const [batch, ...rest] = dims;
  const size = data.length / batch;
  const [first, ...inner] = rest;
  const kept = steps === undefined || rest.length === 0 ? rest : [Math.min(first, steps), ...inner];
  const count = kept.reduce((product, each) => product * each, 1);
  return { dims: kept, data: Array.from(data.subarray(index * size, index * size + count)) };
}

/** Numbers as nested lists. */
export function nestedLists({ dims, data }: Nested): unknown {
  if (dims.length === 0) return data[0];
  const [first, ...rest] = dims;
  const size = rest.reduce((product, each) => product * each, 1);
  return Array.from({ length: first }, (_, i) =>
    nestedLists({ dims: rest, data: data.slice(i * size, (i + 1) * size) }),
  );
}
