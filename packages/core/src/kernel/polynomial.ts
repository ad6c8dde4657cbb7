/** What lane functions of f32 share: constants and polynomials. */
import type { Lanes } from "./lanes.js";

export const f32 = <V>(k: Lanes<V>, value: number): V => k.constant("f32", value);

/** Σ coefficients[i] · xⁱ by Horner's rule: one multiply-add for each coefficient but the last. */
export function polynomial<V>(k: Lanes<V>, x: V, coefficients: readonly number[]): V {
  const [last, ...rest] = coefficients.toReversed().map((coefficient) => f32(k, coefficient));
  return rest.reduce((sum, coefficient) => k.madd(sum, x, coefficient), last);
}
