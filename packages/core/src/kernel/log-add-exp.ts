/** ln(e^x + e^y) without overflow. */
import { expLane } from "./exponential.js";
import type { Lanes } from "./lanes.js";
import { log1pLane } from "./logarithm.js";

/**
 * max + ln(1 + e^-|x - y|), whose two terms are each within 2 ulp; -∞ where both are. Equal operands are a case of
 * their own, because the difference of equal infinities is NaN.
 */
export function logAddExpLane<V>(k: Lanes<V>, x: V, y: V): V {
  const distance = k.abs(k.sub(x, y));
  const sum = k.add(k.max(x, y), log1pLane(k, expLane(k, k.neg(distance))));
  return k.select(k.eq(x, y), k.add(x, k.constant(k.typeOf(x), Math.LN2)), sum);
}
