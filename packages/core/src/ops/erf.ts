/**
 * The error function in f64, to about 1e-15. Abramowitz & Stegun, Handbook of
 * Mathematical Functions: the series 7.1.6 near zero, whose terms are all of one
 * sign so that nothing cancels, and the continued fraction 7.1.14 of erfc beyond.
 */

const SERIES_LIMIT = 2.5;
/** Enough for full accuracy at the limit between the two forms. */
const FRACTION_DEPTH = 60;

export function erfOf(x: number): number {
  const magnitude = Math.abs(x);
  if (Number.isNaN(magnitude)) return NaN;
  if (magnitude < SERIES_LIMIT) return series(x);
  return Math.sign(x) * (1 - complement(magnitude));
}

/** erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·5···(2n+1)) */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = e^(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), evaluated from the inside. */
function complement(x: number): number {
  let tail = x;
  for (let k = FRACTION_DEPTH; k >= 1; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
