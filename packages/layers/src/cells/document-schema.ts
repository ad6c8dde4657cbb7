/** The schema of a cell document: a cell written as equations. The one source of its type, its validation and its JSON Schema. */
import * as z from "zod";
import { initializers } from "../init/registry.js";
import { nameSchema } from "../config/names.js";

/** More equations than any published cell has. */
const MOST_EQUATIONS = 500;
const MOST_NAMES = 500;

const formulaSchema = z.string().min(1).max(2000);

/** A number, or an expression over the settings. */
const amountSchema = z.union([z.number(), formulaSchema]);

const shapeSchema = z
  .array(amountSchema)
  .max(8)
  .describe("One size per axis: a number or an expression over settings and input sizes. [] is a single number.")
  .meta({ examples: [["units"], ["input", "3 * units"]] });

const hyperSchema = z
  .union([
    z.number(),
    z
      .strictObject({
        default: z.number().optional().describe("The value where a layer gives none. Absent: layers have to give one."),
        about: z.string().max(1000).optional().describe("What it is."),
        min: z.number().optional().describe("Smallest value allowed."),
        max: z.number().optional().describe("Largest value allowed."),
        integer: z.boolean().default(false).describe("Whether only whole numbers are allowed."),
      })
      .describe("A setting with its limits."),
  ])
  .describe("A setting of the cell: its default, or an object.");

const stateSchema = z
  .union([
    shapeSchema,
    z
      .strictObject({
        shape: shapeSchema,
        init: amountSchema.default(0).describe("Every element before the first step."),
      })
      .describe("A state that does not begin at 0."),
  ])
  .describe("What a step hands to the next one: its shape, for one example.");

/** Initializers with settings may have expressions in place of numbers; they are checked once the settings are known. */
const documentInitializerSchema = z
  .union([
    z.enum(Object.keys(initializers) as [string, ...string[]]),
    z
      .object({ type: z.enum(Object.keys(initializers) as [string, ...string[]]) })
      .catchall(amountSchema)
      .describe("An initializer with settings, which may be expressions."),
  ])
  .describe(
    'Initial values: the name of an initializer, or an object such as {"type": "constant", "value": "forgetBias"}.',
  )
  .meta({ examples: ["glorotUniform", "orthogonal", "zeros"] });

const paramSchema = z
  .strictObject({
    shape: shapeSchema,
    init: documentInitializerSchema,
    trainable: z.boolean().default(true).describe("Whether training changes it."),
  })
  .describe("A weight.");

const innerCellSchema = z
  .object({
    type: nameSchema.describe("The cell: one of the document's cells, of the library, or a built-in one."),
    units: amountSchema.describe("Size of its state."),
    input: z
      .union([amountSchema, shapeSchema])
      .describe("Size of what it reads: a number or an expression, or one per axis."),
  })
  .catchall(amountSchema)
  .describe("A cell that the equations call by name. Further keys are its settings, as numbers or expressions.");

const equationSchema = z.string().max(2000).describe("An equation: name = expression.");

/** Equations in equations; deeper than anyone writes. */
const DEEPEST_REPETITION = 4;

const repetitionFields = (block: z.ZodType<readonly DocumentStatement[]>) => ({
  repeat: amountSchema.describe("How many times: a number or an expression over settings."),
  index: nameSchema.optional().describe("Name of the number of the pass, counted from 0."),
  carry: z
    .record(nameSchema, formulaSchema)
    .describe(
      "What a pass hands to the next one, with what the first one gets: afterwards the name is the last value.",
    ),
  equations: block.describe("The equations of a pass; they give each carried name its next value, with a prime."),
});

/** An equation, or equations that are repeated. */
export type DocumentStatement = string | DocumentRepetition;
export interface DocumentRepetition {
  readonly repeat: number | string;
  readonly index?: string | undefined;
  readonly carry: Readonly<Record<string, string>>;
  readonly equations: readonly DocumentStatement[];
}

/** Repetitions nest to a known depth, so that the schema needs no reference to itself. */
const statementsSchema = (depth: number): z.ZodType<readonly DocumentStatement[]> =>
  z
    .array(
      depth === 0
        ? equationSchema
        : z.union([
            equationSchema,
            z.strictObject(repetitionFields(statementsSchema(depth - 1))).describe("Equations that are repeated."),
          ]),
    )
    .max(MOST_EQUATIONS);

/** Shapes by name: what equations read. */
export const shapesSchema = z.record(nameSchema, shapeSchema);

/** Settings of equations that stand by themselves. */
export const numbersField = z
  .record(nameSchema, z.number())
  .default({})
  .describe("Numbers that the equations use by name.");

/** What cells, layers and losses that are written as equations have in common. */
export const equationFields = {
  params: z.record(nameSchema, paramSchema).default({}).describe("The weights by name."),
  functions: z
    .array(z.string().max(2000).describe("A function: phi(a) = a * sigmoid(a)."))
    .max(100)
    .default([])
    .describe("Functions of the document, one expression each; they may call those above them."),
  equations: statementsSchema(DEEPEST_REPETITION).describe(
    "The equations of one example (of a cell: of one step), in any order.",
  ),
  output: formulaSchema.describe("What comes out: an expression, often a name that an equation defines."),
};

export const cellDocumentSchema = z
  .strictObject({
    title: z.string().max(300).optional().describe("What the cell is called."),
    source: z.string().max(2000).optional().describe("Where it was published, with the equations that are meant."),
    about: z.string().max(2000).optional().describe("One sentence on what is special."),
    inputs: shapesSchema
      .default({ x: ["input"] })
      .describe("What a step reads, by name, with the shape for one example. A name in a shape is bound to that size.")
      .meta({ examples: [{ x: ["input"] }, { x: ["input"], time: [] }] }),
    context: shapesSchema
      .default({})
      .describe("What stays the same over a sequence and comes from other layers, such as the states of an encoder."),
    hyper: z
      .record(nameSchema, hyperSchema)
      .default({})
      .describe("Settings of the cell besides units, which every cell has."),
    state: z
      .record(nameSchema, stateSchema)
      .default({})
      .describe("The states by name. An equation gives each its next value, h'."),
    cells: z
      .record(nameSchema, innerCellSchema)
      .default({})
      .describe("Cells inside this one. Each is called once by name: y = inner(x). Its states are inner.h, inner.h'."),
    once: statementsSchema(DEEPEST_REPETITION)
      .default([])
      .describe("Equations that are computed once per sequence, before the first step."),
    ...equationFields,
  })
  .refine(({ params }) => Object.keys(params).length <= MOST_NAMES, "a cell has at most 500 weights")
  .describe("A cell written as equations.");

/** A cell document as a person writes it. */
export type CellDocumentInput = z.input<typeof cellDocumentSchema>;
/** A cell document that was read, with defaults filled in. */
export type CellDocument = z.output<typeof cellDocumentSchema>;
