/** The weights of a model as data: what they are, where they come from, and their values at the start of a run. */
import type { FloatDType, NumberArray, Origin, TensorData } from "@latchgrad/core";
import type { Seed } from "./init/initializer.js";
import { initialValues, type Initializer } from "./init/registry.js";

export interface ParamSpec {
  /** Path of the weight: name of its layer, part of it where there are several, own name: "memory.forward.Wf". */
  readonly name: string;
  readonly type: { readonly dtype: FloatDType; readonly dims: readonly number[] };
  readonly initializer: Initializer;
  /** Whether training changes it. */
  readonly trainable: boolean;
  /** JSON pointer of the part of the config that asks for it. */
  readonly origin: Origin;
}

/** The values of one weight at the start of a run. Other weights and their order have no influence on them. */
export function initialParam({ name, type: { dtype, dims }, initializer }: ParamSpec, seed: Seed): TensorData {
  const values = initialValues(initializer, dims, name, seed);
  const data: NumberArray = dtype === "f32" ? new Float32Array(values) : values;
  return { dtype, dims, data };
}

/** The values of all weights at the start of a run, by name. The same seed gives the same bits. */
export const initialParams = (
  model: { readonly params: readonly ParamSpec[] },
  seed: Seed,
): Readonly<Record<string, TensorData>> =>
  Object.fromEntries(model.params.map((param) => [param.name, initialParam(param, seed)]));

/** How many numbers the weights hold together. */
export const parameterCount = (params: readonly ParamSpec[]): number =>
  params.reduce((sum, { type }) => sum + type.dims.reduce((product, size) => product * size, 1), 0);
