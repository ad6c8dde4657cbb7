/** Polynomials, which elementary functions are made of. */
import { constantsLike } from "./float-format.js";
import type { Lanes } from "./lanes.js";

/** Σ coefficients[i] · xⁱ by Horner's rule: one multiply-add for each coefficient but the last. */
export function polynomial<V>(k: Lanes<V>, x: V, coefficients: readonly number[]): V {
  const [last, ...rest] = coefficients.toReversed().map(constantsLike(k, x));
  return rest.reduce((sum, coefficient) => k.madd(sum, x, coefficient), last);
}
