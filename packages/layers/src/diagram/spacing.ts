/** Coordinates for grid lines: as close as what stands on them allows. */

/** Two lines with something between them; `from` is before `to`. */
export interface Distance {
  readonly from: number;
  readonly to: number;
  readonly least: number;
}

/** Neighbouring lines whose distances are exactly `step`, such as those below one box. */
export interface Comb {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** The coordinate of each line from 0 to before `count`: the smallest that keep all distances. Combs do not overlap. */
export function spacedLines(
  count: number,
  distances: readonly Distance[],
  combs: readonly Comb[] = [],
): readonly number[] {
  const into = new Map<number, Distance[]>();
  for (const distance of distances) {
    const others = into.get(distance.to);
    if (others === undefined) into.set(distance.to, [distance]);
    else others.push(distance);
  }
  const combAt = new Map(combs.map((comb) => [comb.first, comb] as const));
  const places: number[] = [];
  const leastOf = (line: number): number =>
    Math.max(0, ...(into.get(line) ?? []).map(({ from, least }) => (from < places.length ? places[from] + least : 0)));
  while (places.length < count) {
    const first = places.length;
    const { last, step } = combAt.get(first) ?? { last: first, step: 0 };
    let start = first === 0 ? 0 : places[first - 1];
    for (let line = first; line <= last; line++) start = Math.max(start, leastOf(line) - (line - first) * step);
    for (let line = first; line <= last; line++) places.push(start + (line - first) * step);
  }
  return places;
}
