/** Reads a document that holds a model, with what its schema cannot say because one part of it names another. */
import { joinPointer, suggestName, type Issue } from "@latchgrad/core";
import type * as z from "zod";
import { knownCells } from "../cells/registry.js";
import { migrateDocument, modelFormats, type Formats } from "./format.js";
import { findLimitIssues } from "./limits.js";
import { readWithSchema } from "./read-schema.js";
import { configIssue, throwIssues } from "./refuse.js";

/**
 * A document that holds a model, and maybe more, as its schema types it, brought up to date first if it is of an older format.
 * Throws ConfigError with all problems at once, among them cells that neither the document nor the library has; their pointers
 * are those of the current format.
 */
export function readModelWith<S extends z.ZodType>(
  schema: S,
  document: unknown,
  formats: Formats = modelFormats,
): z.output<S> {
  throwIssues(findLimitIssues(document));
  return readWithSchema(schema, migrateDocument(document, formats), { also: unknownCells });
}

/** Uses of cells that do not exist: every "cell" of a layer, and what the cells of the document hold. */
function unknownCells(document: unknown): readonly Issue[] {
  if (!isObject(document)) return [];
  const own = isObject(document.cells) ? document.cells : {};
  const known = knownCells(Object.keys(own));
  const uses: Use[] = Object.entries(own).flatMap(([name, cell]) =>
    isObject(cell) && isObject(cell.cells)
      ? Object.entries(cell.cells).map(([inner, value]) => ({
          value,
          pointer: joinPointer("/cells", name, "cells", inner),
        }))
      : [],
  );
  const pending: Use[] = [{ value: document.layers, pointer: "/layers" }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, pointer } = next;
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value).toReversed()) {
      const use = { value: child as unknown, pointer: joinPointer(pointer, key) };
      if (key === "cell") uses.push(use);
      else pending.push(use);
    }
  }
  return uses.flatMap(({ value, pointer }) => {
    if (!isObject(value) || typeof value.type !== "string" || known.includes(value.type)) return [];
    return [
      configIssue("choice", joinPointer(pointer, "type"), {
        problem: "type is none of the known values",
        received: JSON.stringify(value.type.slice(0, LONGEST_QUOTED)),
        hint: Object.hasOwn(value, "equations")
          ? 'a cell\'s equations stand under "cells" of the document; a layer uses it by the name that it has there'
          : suggestName(value.type, known),
      }),
    ];
  });
}

const LONGEST_QUOTED = 60;

/** A value and its place. */
interface Use {
  readonly value: unknown;
  readonly pointer: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
