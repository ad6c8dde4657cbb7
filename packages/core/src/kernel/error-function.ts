/** erf, from two polynomials. Coefficients as in exponential.ts. */
import { expLane } from "./exponential.js";
import type { Lanes } from "./lanes.js";
import { f32, polynomial } from "./polynomial.js";
import { withSignOf } from "./sign.js";

/** Where one form takes over from the other. */
const BOUNDARY = 0.85;
/** Beyond, erf is 1 in f32. */
const LAST = 3.95;
/** erf x / x - 1 in powers of x² up to the boundary; relative error 2^-27. */
const NEAR = [
  0.12837916612625122, -0.37612590193748474, 0.11282864958047867, -0.026807287707924843, 0.0050577037036418915,
  -0.0006348518654704094,
];
/** ln(1 - erf x) / x from the boundary on; relative error of erf 2^-28. */
const FAR = [
  -1.1285295486450195, -0.6356663703918457, -0.10533099621534348, 0.022934725508093834, -0.0032290371600538492,
  0.00021570750686805695,
];

/** erf within 1.3 ulp. Beyond the boundary 1 - e^p(x), the form of Juffa's erff. */
export function erfLane<V>(k: Lanes<V>, x: V): V {
  const near = k.madd(x, polynomial(k, k.mul(x, x), NEAR), x);
  const magnitude = k.lesser(k.abs(x), f32(k, LAST));
  const complement = expLane(k, k.mul(magnitude, polynomial(k, magnitude, FAR)));
  const far = withSignOf(k, k.sub(f32(k, 1), complement), x);
  return k.select(k.lt(magnitude, f32(k, BOUNDARY)), near, far);
}
