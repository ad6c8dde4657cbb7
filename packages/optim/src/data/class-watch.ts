/** Where each class of a target stands first: a class that training does not have cannot be learned. */
import { unknownClass } from "./cells.js";
import type { Slot } from "./columns.js";
import type { Fitted } from "./fitted.js";
import { DataError } from "./problems.js";
import type { Value } from "./read-values.js";

export interface ClassWatch {
  /** The values of each slot in a place, which messages call `name`. */
  add(name: string, values: readonly (readonly Value[])[]): void;
  /** Throws DataError where a part has classes that training has not. */
  check(fitted: Fitted): void;
}

export function watchClasses(slots: readonly Slot[]): ClassWatch {
  const first = slots.map(() => new Map<string, string>());
  const isWatched = slots.map(({ is, values }) => is === "target" && values.kind === "symbol");
  return {
    add(name, values) {
      slots.forEach((_, i) => {
        if (!isWatched[i]) return;
        for (const value of new Set(values[i])) if (!first[i].has(String(value))) first[i].set(String(value), name);
      });
    },
    check({ columns }) {
      const issues = slots.flatMap(({ column }, i) => {
        const found = columns[i];
        if (!isWatched[i] || !("symbols" in found)) return [];
        const known = new Set(found.symbols);
        return [...first[i]]
          .filter(([symbol]) => !known.has(symbol))
          .map(([symbol, name]) => ({
            ...unknownClass(column, symbol, found.symbols),
            at: { kind: "value", name } as const,
          }));
      });
      if (issues.length > 0) throw new DataError(issues);
    },
  };
}
