/**
 * Elementary functions of f64 in whole numbers of some hundred bits: the truth that lane functions are measured against. Series and
 * quotients only, with more bits than a result needs.
 */

/** mantissa · 2^-scale, with at least 120 bits that are right. */
export interface Exact {
  readonly mantissa: bigint;
  readonly scale: number;
}

const view = new DataView(new ArrayBuffer(8));
const MANTISSA_BITS = 52;

/** The exponent of the spacing of f64 at a number, and the number in units of it. */
function unitsOf(x: number): { readonly units: bigint; readonly exponent: number } {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const units = field === 0 ? fraction : fraction | (1n << 52n);
  return { units: x < 0 ? -units : units, exponent: Math.max(field, 1) - 1023 - MANTISSA_BITS };
}

const shift = (x: bigint, by: number): bigint => (by >= 0 ? x << BigInt(by) : x >> BigInt(-by));

/** x · 2^scale */
function fixed(x: number, scale: number): bigint {
  const { units, exponent } = unitsOf(x);
  return shift(units, exponent + scale);
}

const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const bitLength = (x: bigint): number => x.toString(2).length;

/** Binary order of a number: about log2 |x|, from below. */
const orderOf = (x: number): number => (x === 0 ? 0 : bitLength(magnitude(unitsOf(x).units)) + unitsOf(x).exponent - 1);

const scaleFor = (x: number, more = 0): number => 256 + 2 * Math.max(0, -orderOf(x)) + more;

/** Adds up terms until they vanish. */
function series(
  first: bigint,
  next: (term: bigint, n: number) => bigint,
  value = (term: bigint, _n: number) => term,
): bigint {
  let [sum, term] = [0n, first];
  for (let n = 0; term !== 0n; n++) {
    sum += value(term, n);
    term = next(term, n + 1);
  }
  return sum;
}

const divide = (x: bigint, y: bigint, scale: number): bigint => shift(x, scale) / y;
/** Toward zero, so that the terms of a series vanish. */
const times = (x: bigint, y: bigint, scale: number): bigint => {
  const product = x * y;
  return product < 0n ? -shift(-product, -scale) : shift(product, -scale);
};

/** atanh of a small x. */
function atanh(x: bigint, scale: number): bigint {
  const square = times(x, x, scale);
  return series(
    x,
    (term) => times(term, square, scale),
    (term, n) => term / BigInt(2 * n + 1),
  );
}

const ln2Cache = new Map<number, bigint>();
function ln2(scale: number): bigint {
  const known = ln2Cache.get(scale) ?? 2n * atanh(shift(1n, scale) / 3n, scale);
  ln2Cache.set(scale, known);
  return known;
}

/** e^x - 1 for |x| below 1. */
const smallExpm1 = (x: bigint, scale: number): bigint => series(x, (term, n) => times(term, x, scale) / BigInt(n + 1));

function expm1(x: bigint, scale: number): bigint {
  const one = shift(1n, scale);
  const n = x / ln2(scale);
  const left = smallExpm1(x - n * ln2(scale), scale);
  return n === 0n ? left : shift(one + left, Number(n)) - one;
}

/** ln(1 + x). */
function log1p(x: bigint, scale: number): bigint {
  const one = shift(1n, scale);
  const u = one + x;
  let exponent = bitLength(u) - 1 - scale;
  const isSmall = magnitude(x) * 3n < one;
  if (isSmall) exponent = 0;
  const [above, below] = isSmall ? [x, one + u] : [shift(u, -exponent) - one, shift(u, -exponent) + one];
  return 2n * atanh(divide(above, below, scale), scale) + BigInt(exponent) * ln2(scale);
}

const halfPiCache = new Map<number, bigint>();
/** Machin: π/4 = 4·atan(1/5) - atan(1/239). */
function halfPi(scale: number): bigint {
  const atanOfInverse = (n: bigint): bigint =>
    series(
      shift(1n, scale) / n,
      (term) => -term / (n * n),
      (term, i) => term / BigInt(2 * i + 1),
    );
  const known = halfPiCache.get(scale) ?? 2n * (4n * atanOfInverse(5n) - atanOfInverse(239n));
  halfPiCache.set(scale, known);
  return known;
}

/** sin(x + turns·π/2). */
function sine(x: number, turns: number): Exact {
  const scale = scaleFor(x, 80);
  const wide = scale + Math.max(0, orderOf(x));
  const whole = fixed(x, wide);
  const quarter = halfPi(wide);
  const q = (2n * whole + quarter) / (2n * quarter) - (2n * whole + quarter < 0n ? 1n : 0n);
  const r = shift(whole - q * quarter, scale - wide);
  const square = times(r, r, scale);
  const quadrant = Number(BigInt.asUintN(2, q + BigInt(turns)));
  const isCosine = quadrant % 2 === 1;
  const sum = series(isCosine ? shift(1n, scale) : r, (term, n) => {
    const m = BigInt(isCosine ? 2 * n : 2 * n + 1);
    return -times(term, square, scale) / (m * (m - 1n));
  });
  return { mantissa: quadrant >= 2 ? -sum : sum, scale };
}

function squareRoot(x: bigint): bigint {
  let root = 1n << BigInt((bitLength(x) + 2) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const expScale = (x: number): number => scaleFor(x, Math.ceil(Math.min(Math.abs(x), 800) * 1.45));
const bounded = (x: number, limit: number): number => Math.min(Math.max(x, -limit), limit);

const exp = (x: number): Exact => {
  const at = bounded(x, 800);
  const scale = expScale(at);
  return { mantissa: expm1(fixed(at, scale), scale) + shift(1n, scale), scale };
};

const log = (x: number): Exact => {
  const scale = 320;
  const order = orderOf(x);
  const { units, exponent } = unitsOf(x);
  // In [1, 2), or in [½, 1) next to 1, where nothing may cancel.
  const e = order === -1 ? 0 : order;
  const mantissa = shift(units, exponent - e + scale);
  return { mantissa: log1p(mantissa - shift(1n, scale), scale) + BigInt(e) * ln2(scale), scale };
};

export const exactFunctions = {
  exp,
  expm1: (x: number): Exact => {
    const at = bounded(x, 800);
    const scale = expScale(at);
    return { mantissa: expm1(fixed(at, scale), scale), scale };
  },
  log,
  log1p: (x: number): Exact => {
    const scale = scaleFor(x, 64);
    return { mantissa: log1p(fixed(x, scale), scale), scale };
  },
  tanh: (x: number): Exact => {
    const at = bounded(x, 300);
    const scale = expScale(2 * at);
    const e = expm1(fixed(2 * Math.abs(at), scale), scale);
    const mantissa = divide(e, e + shift(2n, scale), scale);
    return { mantissa: x < 0 ? -mantissa : mantissa, scale };
  },
  sigmoid: (x: number): Exact => {
    const { mantissa, scale } = exp(-x);
    const more = expScale(bounded(x, 800)) + 64;
    return { mantissa: divide(shift(1n, scale), shift(1n, scale) + mantissa, scale + more), scale: scale + more };
  },
  sin: (x: number): Exact => sine(x, 0),
  cos: (x: number): Exact => sine(x, 1),
  erf: (x: number): Exact => {
    const at = bounded(x, 7);
    const scale = scaleFor(at, 160);
    const z = fixed(at, scale);
    const square = times(z, z, scale);
    const sum = series(
      z,
      (term, n) => -times(term, square, scale) / BigInt(n),
      (term, n) => term / BigInt(2 * n + 1),
    );
    const rootOfPi = squareRoot(shift(2n * halfPi(scale), scale));
    return { mantissa: divide(2n * sum, rootOfPi, scale), scale };
  },
  rsqrt: (x: number): Exact => {
    const scale = 800;
    const wide = 2400;
    return { mantissa: divide(shift(1n, scale), squareRoot(shift(fixed(x, wide), 2 * scale - wide)), scale), scale };
  },
} as const;

/** x^y of a positive x. */
export function exactPower(x: number, y: number): Exact {
  const { mantissa, scale } = log(x);
  const { units, exponent } = unitsOf(y);
  const more = 1400;
  const product = shift(mantissa * units, exponent + more - scale);
  const limit = shift(800n, more);
  const at = product > limit ? limit : product < -limit ? -limit : product;
  return { mantissa: expm1(at, more) + shift(1n, more), scale: more };
}

/** Distance of an f64 from the exact result, in spacings of f64 at the exact result. Infinity counts as 2^1024. */
export function ulpsFrom(got: number, { mantissa, scale }: Exact): number {
  if (mantissa === 0n) return got === 0 ? 0 : Infinity;
  const order = bitLength(magnitude(mantissa)) - 1 - scale;
  if (Number.isNaN(got)) return Infinity;
  if (order >= 1024) return got === (mantissa < 0n ? -Infinity : Infinity) ? 0 : Infinity;
  const unit = Math.max(order, -1022) - MANTISSA_BITS;
  const wide = Math.max(scale, 1140);
  const value = Number.isFinite(got) ? fixed(got, wide) : shift(got < 0 ? -1n : 1n, 1024 + wide);
  const difference = magnitude(value - shift(mantissa, wide - scale));
  return Number(shift(difference, 20 - unit - wide)) / 2 ** 20;
}
