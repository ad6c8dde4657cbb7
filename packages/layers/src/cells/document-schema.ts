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

/** The shape of one example. */
export const shapeSchema = z
  .array(amountSchema)
  .max(8)
  .meta({
    id: "shape",
    description: "One size per axis: a number or an expression over settings and input sizes. [] is a single number.",
    examples: [["units"], ["input", "3 * units"]],
  });

const hyperSchema = z
  .union([
    z.number(),
    z
      .strictObject({
        default: z
          .number()
          .optional()
          .meta({ description: "The value where a layer gives none. Absent: layers have to give one.", examples: [1] }),
        about: z
          .string()
          .max(1000)
          .optional()
          .meta({ description: "What it is.", examples: ["How much the forget gate is open at first."] }),
        min: z
          .number()
          .optional()
          .meta({ description: "Smallest value allowed.", examples: [0] }),
        max: z
          .number()
          .optional()
          .meta({ description: "Largest value allowed.", examples: [1] }),
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
      .object({
        type: z.enum(Object.keys(initializers) as [string, ...string[]]).describe("The initializer."),
      })
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
    type: nameSchema.meta({
      description: "The cell: one of the document's cells, of the library, or a built-in one.",
      examples: ["lstm"],
    }),
    units: amountSchema.meta({ description: "Size of its state.", examples: ["units", 8] }),
    input: z.union([amountSchema, shapeSchema]).meta({
      description: "Size of what it reads: a number or an expression, or one per axis.",
      examples: ["input + units"],
    }),
  })
  .catchall(amountSchema)
  .describe("A cell that the equations call by name. Further keys are its settings, as numbers or expressions.");

const equationSchema = z.string().max(2000).describe("An equation: name = expression.");

/** Equations in equations; deeper than anyone writes. */
const DEEPEST_REPETITION = 4;

const repetitionFields = (block: z.ZodType<readonly DocumentStatement[]>) => ({
  repeat: amountSchema.meta({
    description: "How many times: a number or an expression over settings.",
    examples: ["depth", 3],
  }),
  index: nameSchema
    .optional()
    .meta({ description: "Name of the number of the pass, counted from 0.", examples: ["l"] }),
  carry: z.record(nameSchema, formulaSchema).meta({
    description:
      "What a pass hands to the next one, with what the first one gets: afterwards the name is the last value.",
    examples: [{ s: "h" }],
  }),
  equations: block.meta({
    description: "The equations of a pass; they give each carried name its next value, with a prime.",
    examples: [["s' = tanh(s @ R[l])"]],
  }),
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
    .max(MOST_EQUATIONS)
    .meta({ id: depth === DEEPEST_REPETITION ? "equations" : `equations${depth}` });

const statements = statementsSchema(DEEPEST_REPETITION);

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
  equations: statements.meta({
    description: "The equations of one example (of a cell: of one step), in any order.",
    examples: [["h' = tanh(x @ W + h @ U + b)"]],
  }),
  output: formulaSchema.meta({
    description: "What comes out: an expression, often a name that an equation defines.",
    examples: ["h'"],
  }),
};

export const cellDocumentSchema = z
  .strictObject({
    title: z
      .string()
      .max(300)
      .optional()
      .meta({ description: "What the cell is called.", examples: ["LSTM with forget gate"] }),
    source: z
      .string()
      .max(2000)
      .optional()
      .meta({
        description: "Where it was published, with the equations that are meant.",
        examples: ["Gers, Schmidhuber, Cummins 2000, Learning to forget, equations 3 to 7"],
      }),
    about: z
      .string()
      .max(2000)
      .optional()
      .meta({ description: "One sentence on what is special.", examples: ["The gate learns when to forget."] }),
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
    once: statements.default([]).describe("Equations that are computed once per sequence, before the first step."),
    ...equationFields,
  })
  .refine(({ params }) => Object.keys(params).length <= MOST_NAMES, "a cell has at most 500 weights")
  .describe("A cell written as equations.");

/** A cell document as a person writes it. */
export type CellDocumentInput = z.input<typeof cellDocumentSchema>;
/** A cell document that was read, with defaults filled in. */
export type CellDocument = z.output<typeof cellDocumentSchema>;
