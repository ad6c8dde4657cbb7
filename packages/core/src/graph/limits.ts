/**
 * What a graph read from outside may at most be. Graphs made by people and by
 * Latchgrad stay far below; beyond them a text is an attack or an accident, and is refused before it costs memory or stack.
 */

/** Regions inside regions, and lists inside lists. Everything that follows nesting may therefore recurse. */
export const DEEPEST_NESTING = 100;

/** Characters of a text, 64 Mi. */
export const LONGEST_TEXT = 2 ** 26;

/** Characters of a name. */
export const LONGEST_NAME = 1000;

/** Axes of a tensor. */
export const MOST_AXES = 64;

/** Values of all kinds in a JSON document. */
export const MOST_JSON_VALUES = 2 ** 24;
