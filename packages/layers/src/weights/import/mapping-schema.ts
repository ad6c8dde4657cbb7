/**
 * A mapping: how the weights of another system become those of a model, as data. Rules say it once per kind of layer, in a small
 * language: which tensor, which part of it, turned around or not, which ones added or joined.
 */
import * as z from "zod";
import { jsonSchemaOf } from "../../config/json-schema.js";

/** The version of the form that this code reads. */
const MAPPING_FORMAT = 1;
/** More gates, parts and rules than any mapping has. */
const MOST = 1000;

const axisField = z.int().min(0).max(63).default(0).describe("The axis that is meant, counted from 0.");

/** Whether an object has exactly one of some keys. */
const hasOneOf = (keys: readonly string[]) => ({
  test: (value: object): boolean =>
    Object.entries(value).filter(([key, part]) => keys.includes(key) && part !== undefined).length === 1,
  error: `there is exactly one of ${keys.join(", ")}`,
});

const oneStep = hasOneOf(["block", "slice", "index", "scale"]);

/** One change to a tensor: all its axes in the reverse order, or exactly one of block, slice, index and scale. */
export type TensorStepDocument =
  | "transpose"
  | {
      readonly block?: "gate" | number | undefined;
      readonly of?: number | undefined;
      readonly slice?: readonly [number, number] | undefined;
      readonly index?: number | undefined;
      readonly scale?: number | undefined;
      readonly axis?: number | undefined;
    };
/** The same, read: the axis has its default. */
export type TensorStep = "transpose" | (Exclude<TensorStepDocument, string> & { readonly axis: number });

const stepSchema: z.ZodType<TensorStep, TensorStepDocument> = z
  .union([
    z.literal("transpose"),
    z
      .strictObject({
        block: z
          .union([z.literal("gate"), z.int().min(0).max(MOST)])
          .optional()
          .describe(
            'One of several parts of equal size along the axis: its number from 0, or "gate", that of the gate.',
          ),
        of: z
          .int()
          .min(1)
          .max(MOST)
          .optional()
          .describe("How many such parts there are. Absent: as many as the rule has gates."),
        slice: z
          .tuple([z.int().min(0), z.int().min(0)])
          .optional()
          .describe("A part of the axis: its first index, and the one behind its last."),
        index: z.int().min(0).optional().describe("One index of the axis; the axis goes."),
        scale: z.number().optional().describe("Every element times this number."),
        axis: axisField,
      })
      .refine(oneStep.test, { error: oneStep.error }),
  ])
  .describe('What is done to a tensor. "transpose" turns the order of its axes around.');

const TEMPLATE =
  "{stack} is the number of the layer in its stack, from 0; {direction} what the mapping has for the direction; " +
  "{gate} the name of the gate.";

/** Where the numbers of a weight come from: exactly one of tensor, sum and concat, then the steps. */
export interface WeightExpression {
  readonly tensor?: string | undefined;
  readonly absent?: "zeros" | undefined;
  readonly sum?: readonly WeightExpression[] | undefined;
  readonly concat?: readonly WeightExpression[] | undefined;
  readonly axis: number;
  readonly steps: readonly TensorStep[];
}

/** The same as a person writes it: a text is the tensor of that name. */
export type WeightExpressionDocument =
  | string
  | {
      readonly tensor?: string | undefined;
      readonly absent?: "zeros" | undefined;
      readonly sum?: readonly WeightExpressionDocument[] | undefined;
      readonly concat?: readonly WeightExpressionDocument[] | undefined;
      readonly axis?: number | undefined;
      readonly steps?: readonly TensorStepDocument[] | undefined;
    };

const oneSource = hasOneOf(["tensor", "sum", "concat"]);
const nameField = z.string().max(500);

const expressionSchema: z.ZodType<WeightExpression, WeightExpressionDocument> = z
  .lazy(() =>
    z.union([
      nameField.transform((tensor): WeightExpression => ({ tensor, axis: 0, steps: [] })),
      z
        .strictObject({
          tensor: nameField
            .optional()
            .describe(
              `Name of a tensor, counted from the place of the layer. ${TEMPLATE} * stands for any letters within one part of the name.`,
            ),
          absent: z
            .literal("zeros")
            .optional()
            .describe("What stands for the tensor where the source has none. Without it, the tensor has to be there."),
          sum: z.array(expressionSchema).min(1).max(MOST).optional().describe("What is added, element by element."),
          concat: z.array(expressionSchema).min(1).max(MOST).optional().describe("What is joined along the axis."),
          axis: axisField,
          steps: z.array(stepSchema).max(MOST).default([]).describe("What is done then, one after the other."),
        })
        .refine(oneSource.test, { error: oneSource.error }),
    ]),
  )
  .describe("Where the numbers of a weight come from; a text is the tensor of that name.");

/** A part of a layer's config, to compare with: objects hold what they have to hold, anything else is equal. */
export type LayerPattern = { readonly [key: string]: string | number | boolean | LayerPattern };
const patternSchema: z.ZodType<LayerPattern, LayerPattern> = z.lazy(() =>
  z.record(z.string().max(100), z.union([z.string(), z.number(), z.boolean(), patternSchema])),
);

const ruleSchema = z
  .strictObject({
    layer: patternSchema.describe(
      'Which layers the rule is for: what their config holds, such as {"type": "recurrent", "cell": {"type": "lstm"}}.',
    ),
    gates: z
      .array(z.string().max(100))
      .min(1)
      .max(MOST)
      .optional()
      .describe("Names of the gates, in the order in which the source stacks them."),
    weights: z
      .record(z.string().max(200), expressionSchema)
      .describe(
        'Weights by their name within the layer or cell, such as "W"; with {gate} in the name one for each gate, unless ' +
          "it is named by itself as well.",
      ),
  })
  .describe("How the weights of one kind of layer are made.");

const directionsSchema = z
  .strictObject({
    only: z.string().max(100).default("").describe("In a layer that runs in one direction, whichever it is."),
    forward: z.string().max(100).default("").describe("In a bidirectional layer, forward."),
    reverse: z.string().max(100).default("").describe("In a bidirectional layer, backward."),
  })
  .describe("What {direction} stands for.");

export const mappingSchema = z
  .strictObject({
    $schema: z.string().max(2000).optional().describe("Where the JSON Schema is; editors complete and check with it."),
    format: z.literal(MAPPING_FORMAT).describe("Version of the document's form."),
    extends: z
      .enum(["pytorch", "keras"])
      .optional()
      .describe("A mapping that is known already: what this one does not say is as there, and its rules come after."),
    separator: z
      .string()
      .min(1)
      .max(10)
      .optional()
      .describe('What joins the parts of a name in the source: "." or "/".'),
    directions: directionsSchema.optional(),
    layers: z
      .record(z.string().max(1000), nameField)
      .default({})
      .describe(
        'Where layers stand in the source, such as {"memory": "encoder.rnn"}. Others stand where their name says. A path may also mean a ' +
          'part of a stack, "memory.layer2" or "memory.reverse", and the empty one everything.',
      ),
    rules: z.array(ruleSchema).max(MOST).default([]).describe("The first one that is for a layer applies."),
    ignore: z
      .array(nameField)
      .max(MOST)
      .default([])
      .describe("Tensors at the places of layers that nothing reads, and that may be left out. * as in tensor."),
  })
  .describe("How the weights of another system become those of a model.");

/** A mapping as a person writes it. */
export type MappingDocument = z.input<typeof mappingSchema>;
export type MappingConfig = z.output<typeof mappingSchema>;
export type Rule = z.output<typeof ruleSchema>;
export type Directions = z.output<typeof directionsSchema>;

/** The JSON Schema of a mapping; published as schema/mapping-1.json. */
export const mappingJsonSchema = (): object => jsonSchemaOf(mappingSchema);
