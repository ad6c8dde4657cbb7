/** The initializers by name, how a config writes them, and the values they give. One line per initializer. */
import * as z from "zod";
import { constant, identity, ones, zeros } from "./constants.js";
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  normal,
  uniform,
} from "./distributions.js";
import { randomNumbers, type InitializerDefinition, type Seed } from "./initializer.js";
import { orthogonal } from "./orthogonal.js";

export const initializers = {
  zeros,
  ones,
  constant,
  identity,
  uniform,
  normal,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal,
} as const;

type InitializerType = keyof typeof initializers;
type InitializerSchema = (typeof initializers)[InitializerType]["schema"];

const schemas = Object.values(initializers).map((definition): InitializerSchema => definition.schema);

/** The types that can stand for themselves, because they need no further settings: "zeros" for {"type": "zeros"}. */
const shortNames = (Object.keys(initializers) as InitializerType[]).filter(
  (type) => initializers[type].schema.safeParse({ type }, { jitless: true }).success,
);

/** How a config writes an initializer: by its name, or as an object with settings. */
export const initializerSchema = z
  .union([z.enum(shortNames), z.discriminatedUnion("type", schemas as [InitializerSchema, ...InitializerSchema[]])])
  .meta({
    id: "initializer",
    description: 'Initial values: the name of an initializer, or an object such as {"type": "orthogonal", "gain": 2}.',
  });

/** An initializer as a config writes it. */
export type Initializer = z.input<typeof initializerSchema>;

/** The initial values of the parameter `name`, row-major: a pure function of its arguments. */
export function initialValues(
  initializer: Initializer,
  dims: readonly number[],
  name: string,
  seed: Seed,
): Float64Array {
  const config = typeof initializer === "string" ? { type: initializer } : initializer;
  const definition: InitializerDefinition = initializers[config.type];
  return definition.fill(dims, definition.schema.parse(config, { jitless: true }), randomNumbers(seed, name));
}
