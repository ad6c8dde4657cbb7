/**
 * Attributes: the constants of a node, as JSON values. Each op declares the
 * kind of every attribute; the kind says which values are allowed and where a
 * value holds dims, so that binding symbols reaches into attributes too.
 */
import { bindDim, parseDim, type Dim, type DimBindings } from "../shape/dim.js";
import { DTYPES, type DType } from "../shape/tensor-type.js";

export type AttrValue = null | boolean | number | string | readonly AttrValue[];
export type Attrs = Readonly<Record<string, AttrValue>>;
export type NoAttrs = Readonly<Record<never, never>>;

export interface AttrKind<T extends AttrValue = AttrValue> {
  /** Completes "must be ...". */
  readonly says: string;
  accepts(value: AttrValue): boolean;
  /** Replaces bound symbols; absent where the value holds no dim. */
  bind?(value: T, bindings: DimBindings): T;
}

const isWhole = (value: AttrValue): value is number => Number.isSafeInteger(value);
/** A number, or a symbolic dim in canonical spelling (otherwise equal dims would not be equal strings). */
const isDim = (value: AttrValue): value is Dim =>
  isWhole(value) || (typeof value === "string" && parseDim(value) === value);
const isListOf =
  (accepts: (value: AttrValue) => boolean) =>
  (value: AttrValue): boolean =>
    Array.isArray(value) && (value as readonly AttrValue[]).every(accepts);

export const anInteger: AttrKind<number> = { says: "a whole number", accepts: isWhole };
export const integers: AttrKind<readonly number[]> = { says: "a list of whole numbers", accepts: isListOf(isWhole) };
export const numbers: AttrKind<readonly number[]> = {
  says: "a list of numbers",
  accepts: isListOf((value) => typeof value === "number"),
};
export const aBoolean: AttrKind<boolean> = { says: "true or false", accepts: (value) => typeof value === "boolean" };
export const aText: AttrKind<string> = { says: "a text", accepts: (value) => typeof value === "string" };
export const aDim: AttrKind<Dim> = { says: "a dim such as 3, T or T+1", accepts: isDim, bind: bindDim };
export const someDims: AttrKind<readonly Dim[]> = {
  says: "a list of dims such as [B,T,8]",
  accepts: isListOf(isDim),
  bind: (dims, bindings) => dims.map((dim) => bindDim(dim, bindings)),
};
export const aDType: AttrKind<DType> = {
  says: `one of ${DTYPES.join(", ")}`,
  accepts: (value) => DTYPES.some((dtype) => dtype === value),
};
export const oneOf = <const T extends string>(...values: readonly T[]): AttrKind<T> => ({
  says: `one of ${values.map((value) => `"${value}"`).join(", ")}`,
  accepts: (value) => values.some((known) => known === value),
});
