/** Names that are unique in a graph: as wanted where that is free, else with a number behind. */

export interface NameSource {
  /** The wanted name, or the first free `wanted_2`, `wanted_3`, ...; taken from now on. */
  fresh(wanted: string): string;
  isTaken(name: string): boolean;
  release(name: string): void;
}

export function nameSource(takenAlready: Iterable<string> = []): NameSource {
  const taken = new Set(takenAlready);
  // Remembered, so that thousands of values of one wanted name do not each count from 2.
  const nextSuffix = new Map<string, number>();
  return {
    fresh(wanted) {
      let name = wanted;
      while (taken.has(name)) {
        const suffix = nextSuffix.get(wanted) ?? 2;
        nextSuffix.set(wanted, suffix + 1);
        name = `${wanted}_${suffix}`;
      }
      taken.add(name);
      return name;
    },
    isTaken: (name) => taken.has(name),
    release: (name) => {
      taken.delete(name);
    },
  };
}

/** The names, with a number behind each that occurred before. */
export function distinctNames(names: readonly string[]): readonly string[] {
  const { fresh } = nameSource();
  return names.map(fresh);
}
