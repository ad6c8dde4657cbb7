/** erf of f32 and f64, from a polynomial near 0 and another for the complement. Coefficients as in exponential.ts. */
import type { FloatDType } from "../shape/tensor-type.js";
import { expLane } from "./exponential.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";
import { polynomial } from "./polynomial.js";
import { withSignOf } from "./sign.js";

/** Where one form takes over from the other. */
const BOUNDARY = 0.85;
/** Beyond, erf is 1. */
const LAST: Readonly<Record<FloatDType, number>> = { f32: 3.95, f64: 5.95 };
/** erf x / x - 1 in powers of x² up to the boundary; relative error 2^-27, and 2^-56. */
const NEAR: Readonly<Record<FloatDType, readonly number[]>> = {
  f32: [
    0.12837916612625122, -0.37612590193748474, 0.11282864958047867, -0.026807287707924843, 0.0050577037036418915,
    -0.0006348518654704094,
  ],
  f64: [
    0.1283791670955126, -0.3761263890318416, 0.1128379167097715, -0.026866170649793006, 0.005223977676097398,
    -0.000854833023463734, 0.00012055459738314597, -1.492885365302433e-5, 1.6513762339391358e-6, -1.6874832375290694e-7,
    1.7515478140138413e-8, -1.7158921780408533e-9,
  ],
};
/** ln(1 - erf x) / x from the boundary on, of f32; relative error of erf 2^-28. */
const LOG_OF_COMPLEMENT = [
  -1.1285295486450195, -0.6356663703918457, -0.10533099621534348, 0.022934725508093834, -0.0032290371600538492,
  0.00021570750686805695,
];
/**
 * (1 - erf x)·e^(x²) in powers of (x - 2)/(x + 2) from the boundary on, of f64: the variable of Shepherd & Laframboise, Mathematics of
 * Computation 36 (1981). Relative error of erf 2^-62.
 */
const SCALED_COMPLEMENT = [
  0.25539567631050575, -0.42718584741395843, 0.24165819424245963, -0.07897858101578889, 0.0037328924053624947,
  0.006997461752953725, -0.0008471432559223616, -0.000981977758916666, 4.35527339887623e-5, 0.00017436898154882274,
  2.7603720661280275e-5, -2.7442037003489427e-5, -1.4310744611091973e-5, -3.9534519331015237e-7, 1.0144510190594959e-6,
  -2.012731699943163e-7,
];

/** 1 - erf x from the boundary on, accurate beside 1. For f32 the form of Juffa's erff. */
function complementOf<V>(k: Lanes<V>, x: V): V {
  if (formatOf(k, x).dtype === "f32") return expLane(k, k.mul(x, polynomial(k, x, LOG_OF_COMPLEMENT)));
  const two = constantsLike(k, x)(2);
  const variable = k.div(k.sub(x, two), k.add(x, two));
  return k.mul(expLane(k, k.neg(k.mul(x, x))), polynomial(k, variable, SCALED_COMPLEMENT));
}

/** erf within 1.3 ulp. */
export function erfLane<V>(k: Lanes<V>, x: V): V {
  const { dtype } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const near = k.madd(x, polynomial(k, k.mul(x, x), NEAR[dtype]), x);
  const magnitude = k.lesser(k.abs(x), constant(LAST[dtype]));
  const far = withSignOf(k, k.sub(constant(1), complementOf(k, magnitude)), x);
  return k.select(k.lt(magnitude, constant(BOUNDARY)), near, far);
}
