/** Values by name, as builders of regions take and give them. */
import type { Value } from "../ops/op.js";

export type Values<Name extends string = string> = Readonly<Record<Name, Value>>;

export const named = <Name extends string>(names: readonly Name[], values: readonly Value[]): Values<Name> =>
  Object.fromEntries(names.map((name, i) => [name, values[i]])) as Values<Name>;

export const keysOf = <Name extends string>(record: Values<Name>): readonly Name[] => Object.keys(record) as Name[];
