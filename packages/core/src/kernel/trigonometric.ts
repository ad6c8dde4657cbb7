/**
 * Sine and cosine for every finite f32 and f64. |x| = q·π/2 + r with |r| <= π/4; q mod 4 says which of
 * ±sin r, ±cos r it is. Up to a limit, r comes from π/2 in four parts (Cody & Waite 1980), beyond from reduce-large.ts.
 * Coefficients as in exponential.ts.
 */
import type { FloatDType } from "../shape/tensor-type.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";
import { polynomial } from "./polynomial.js";
import { reduceLargeF32, reduceLargeF64, type Reduced } from "./reduce-large.js";
import { signBitOf } from "./sign.js";

/** What differs between the types. */
interface Facts {
  /** (sin r / r - 1) / r² in powers of r². */
  readonly tailOfSin: readonly number[];
  /** (cos r - 1 + r²/2) / r⁴ in powers of r². */
  readonly tailOfCos: readonly number[];
  /** Below, the quotient q has at most 11 bits, of f64 20. */
  readonly large: number;
  /**
   * π/2 = Σ parts. Three have at most 13 bits, of f64 33, so that q times each is exact. The first two are multiples of 2^-24, of f64 2^-53,
   * and so are the differences after them, which are below 1 and therefore exact.
   */
  readonly partsOfHalfPi: readonly [number, number, number, number];
  readonly reduceLarge: <V>(k: Lanes<V>, x: V) => Reduced<V>;
}

const FACTS: Readonly<Record<FloatDType, Facts>> = {
  f32: {
    // Relative error of the sine 2^-28, of the cosine 2^-33.
    tailOfSin: [-0.16666655242443085, 0.008332187309861183, -0.00019517897453624755],
    tailOfCos: [0.04166664555668831, -0.0013887309469282627, 2.4432332336398885e-5],
    large: 3000,
    partsOfHalfPi: [1.5703125, 0.0004838109016418457, 1.5890691429376602e-8, 2.5633440682570896e-12],
    reduceLarge: reduceLargeF32,
  },
  f64: {
    // Relative error of the sine 2^-58, of the cosine 2^-64.
    tailOfSin: [
      -0.1666666666666663, 0.00833333333332184, -0.00019841269829358528, 2.755731353851415e-6, -2.5050734389216654e-8,
      1.5895433284483528e-10,
    ],
    tailOfCos: [
      0.041666666666666595, -0.0013888888888873335, 2.4801587288995123e-5, -2.755731421439057e-7, 2.0875704966254946e-9,
      -1.1358723972698247e-11,
    ],
    large: 1e6,
    partsOfHalfPi: [1.5707963267341256, 6.077094383272197e-11, 6.12323399538461e-17, 3.5215598651832e-27],
    reduceLarge: reduceLargeF64,
  },
};

/** For 0 <= x <= large. */
function reduceSmall<V>(k: Lanes<V>, x: V): Reduced<V> {
  const { dtype, bits, roundToWhole } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const [first, second, third, fourth] = FACTS[dtype].partsOfHalfPi.map(constant);
  const rounder = constant(roundToWhole);
  const sum = k.madd(x, constant(2 / Math.PI), rounder);
  const quotient = k.sub(sum, rounder);
  const exact = k.nmadd(quotient, second, k.nmadd(quotient, first, x));
  const small = k.mul(quotient, third);
  const high = k.sub(exact, small);
  const lost = k.sub(k.sub(exact, high), small);
  return { quadrant: k.bitcast(sum, bits), r: { high, low: k.nmadd(quotient, fourth, lost) } };
}

/** r with the quadrant of |x|; r is NaN for infinities and NaN. */
function reduce<V>(k: Lanes<V>, x: V): Reduced<V> {
  const { large: limit, reduceLarge } = FACTS[formatOf(k, x).dtype];
  const magnitude = k.abs(x);
  const small = reduceSmall(k, magnitude);
  const isLarge = k.lt(constantsLike(k, x)(limit), magnitude);
  const [quadrant, high, low] = k.rarely(isLarge, [small.quadrant, small.r.high, small.r.low], () => {
    const large = reduceLarge(k, magnitude);
    return [large.quadrant, large.r.high, large.r.low];
  });
  return { quadrant, r: { high: k.add(high, k.sub(magnitude, magnitude)), low } };
}

/** The sine of r + quadrant·π/2. */
function sineAt<V>(k: Lanes<V>, { quadrant, r }: Reduced<V>): V {
  const { dtype, bits } = formatOf(k, r.high);
  const { tailOfSin, tailOfCos } = FACTS[dtype];
  const constant = constantsLike(k, r.high);
  const square = k.mul(r.high, r.high);
  const sine = k.add(r.high, k.madd(k.mul(r.high, square), polynomial(k, square, tailOfSin), r.low));
  const tail = k.mul(k.mul(square, square), polynomial(k, square, tailOfCos));
  const cosine = k.add(k.nmadd(square, constant(0.5), constant(1)), tail);
  const one = k.constant(bits, 1);
  const isOdd = k.eq(k.and(quadrant, one), one);
  const sign = k.shiftLeft(k.shiftRight(quadrant, 1), bits === "i32" ? 31 : 63);
  return k.bitcast(k.xor(k.bitcast(k.select(isOdd, cosine, sine), bits), sign), dtype);
}

/** sin x within 1.6 ulp. */
export function sinLane<V>(k: Lanes<V>, x: V): V {
  const sine = sineAt(k, reduce(k, x));
  const { dtype, bits } = formatOf(k, x);
  return k.bitcast(k.xor(k.bitcast(sine, bits), signBitOf(k, x)), dtype);
}

/** cos x within 1.6 ulp. */
export function cosLane<V>(k: Lanes<V>, x: V): V {
  const { quadrant, r } = reduce(k, x);
  return sineAt(k, { quadrant: k.add(quadrant, k.constant(formatOf(k, x).bits, 1)), r });
}
