/**
 * Versions of documents. A document says by "format" which version it was written for; older ones are brought up to date step by
 * step before a schema sees them, so that what was once valid can always be read.
 */
import { refuse } from "./refuse.js";
import { MODEL_FORMAT } from "./schema.js";

/** An object of JSON values of which nothing more is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Makes a document of the next version. It runs before any check but that of size and depth, so it takes whatever it finds, and
 * leaves what it does not understand for the schema to refuse.
 */
export type Migration = (document: JsonObject) => JsonObject;

export interface Formats {
  /** The version that schemas describe. */
  readonly current: number;
  /** By the version that they start from; there is one for each version from the oldest that can be read. */
  readonly migrations: Readonly<Record<number, Migration>>;
}

/** The versions of models, and of experiments, which hold a model. */
export const modelFormats: Formats = { current: MODEL_FORMAT, migrations: {} };

/** A document, of which no more is known than that it has the size of one, in the current version. Throws ConfigError for one of a version to come. */
export function migrateDocument(document: unknown, { current, migrations }: Formats): unknown {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return document;
  let object = document as JsonObject;
  const { format } = object;
  if (typeof format !== "number" || !Number.isInteger(format)) return document;
  if (format > current)
    refuse("newer-format", "/format", {
      problem: `this version of Latchgrad reads documents up to format ${current}`,
      received: String(format),
      hint: "update Latchgrad: a newer version wrote this document",
    });
  for (let version = format; version < current; version++) {
    const migrate = Object.hasOwn(migrations, version) ? migrations[version] : undefined;
    if (migrate === undefined) return document;
    object = { ...migrate(object), format: version + 1 };
  }
  return object;
}
