/** The spelling of names in a config, and of references to them. */
import * as z from "zod";

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Names with dots between them: a state "h", or "inner.h" of a cell inside. */
const PATH = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/;

/** A name: letters, digits and underscores. Dots are left for paths, so that "memory.Wf" can only mean one thing. */
export const nameSchema = z
  .string()
  .max(100)
  .regex(NAME, "a name: a letter, then letters, digits or underscores")
  .meta({ id: "name" });

/** Names with dots between them: a weight of a layer, or a state of a cell inside another. */
export const pathSchema = z.string().max(300).regex(PATH, "names, with dots between them").meta({ id: "path" });

/** The name of an input or a layer, or "layer.output" for a further output of a layer. */
export const referenceSchema = z
  .string()
  .max(300)
  .regex(PATH, 'the name of an input or a layer, or "layer.output"')
  .meta({ id: "reference" });

/** One reference, or several as a list. */
export const referencesSchema = z.union([referenceSchema, z.array(referenceSchema).min(1).max(100)]);
