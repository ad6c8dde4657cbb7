/** The nearest known name, for hints about misspelled keys, ops, layers and optimizers. */

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const cost = new Int32Array((a.length + 1) * width);
  for (let i = 0; i <= a.length; i++) cost[i * width] = i;
  for (let j = 0; j <= b.length; j++) cost[j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const substitution = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(
        cost[(i - 1) * width + j] + 1,
        cost[i * width + j - 1] + 1,
        cost[(i - 1) * width + j - 1] + substitution,
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, cost[(i - 2) * width + j - 2] + 1);
      cost[i * width + j] = best;
    }
  return cost[a.length * width + b.length];
}

/** Names longer than this are compared by their start only, so a hostile name costs nothing. */
const LONGEST_COMPARED = 64;

/** The known name nearest to `name`, or undefined when none is near. Case differences count nothing. */
export function findNearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.slice(0, LONGEST_COMPARED).toLowerCase();
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.slice(0, LONGEST_COMPARED).toLowerCase());
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  const tolerance = Math.max(1, Math.floor(wanted.length / 3));
  // When every letter would change, nothing of the name is left that could be meant.
  return best !== undefined && best.distance <= tolerance && best.distance < wanted.length ? best.name : undefined;
}

/** A hint for an unknown name: the nearest known one, else the list of all. */
export function suggestName(name: string, known: readonly string[]): string {
  const nearest = findNearest(name, known);
  return nearest === undefined ? `one of: ${known.join(", ")}` : `did you mean "${nearest}"?`;
}
