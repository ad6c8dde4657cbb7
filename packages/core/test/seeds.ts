/** Which random graphs the tests look at. LATCHGRAD_SEEDS asks for more of them, LATCHGRAD_SEED_START for others. */
export function seeds(usual: number): readonly number[] {
  const { LATCHGRAD_SEEDS: count = usual, LATCHGRAD_SEED_START: start = 0 } = process.env;
  return Array.from({ length: Number(count) }, (_, i) => Number(start) + i);
}
