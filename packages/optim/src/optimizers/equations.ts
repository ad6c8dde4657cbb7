/** An optimizer written as equations of one parameter. */
import {
  CONSTANTS,
  elaborate,
  joinPointer,
  numberOf,
  STEP,
  tensorOf,
  type Declaration,
  type NotationScope,
  type Quantity,
  type Value,
} from "@latchgrad/core";
import { equationFields, nameSchema, numbersField, readUpdate } from "@latchgrad/layers";
import * as z from "zod";
import { learningRateField, OPTIMIZER_POINTER, type Optimizer } from "./optimizer.js";

/** The parameter, its gradient and the rate, as the equations call them. */
const PARAM = "W";
const GRADIENT = "g";
const RATE = "learningRate";

const schema = z.strictObject({
  type: z.literal("equations"),
  learningRate: learningRateField,
  hyper: numbersField,
  state: z
    .array(nameSchema)
    .max(20)
    .default([])
    .describe("Tensors kept for each parameter, each of its shape, 0 before the first update."),
  functions: equationFields.functions,
  equations: equationFields.equations.meta({
    description:
      "The equations of one update: W is the parameter, g its gradient, t counts updates from 1; W' and each state get next values.",
    examples: [["v' = momentum * v + g", "W' = W - learningRate * v'"]],
  }),
});

type Config = z.output<typeof schema>;

const declare = (name: string, what: string, pointer: string, optional: boolean): Declaration => ({
  name,
  what,
  pointer,
  optional,
});

const read = ({ hyper, state, functions, equations }: Config): ReturnType<typeof readUpdate> =>
  readUpdate({
    what: "optimizer",
    pointer: OPTIMIZER_POINTER,
    functions,
    equations,
    shared: Object.keys(hyper).map((name) =>
      declare(name, "setting", joinPointer(OPTIMIZER_POINTER, "hyper", name), false),
    ),
    known: [
      declare(GRADIENT, "gradient", OPTIMIZER_POINTER, true),
      declare(RATE, "rate", joinPointer(OPTIMIZER_POINTER, RATE), true),
      declare(STEP, "number of the update", OPTIMIZER_POINTER, true),
    ],
    states: [
      declare(PARAM, "parameter", OPTIMIZER_POINTER, true),
      ...state.map((name, i) => declare(name, "state", joinPointer(OPTIMIZER_POINTER, "state", i), false)),
    ],
  });

export const equations: Optimizer<typeof schema> = {
  type: "equations",
  summary: "An update written as equations of one parameter.",
  source: "The document.",
  formula: ["W' = ..., with the parameter W, its gradient g, learningRate, t = 1, 2, ... and the states"],
  schema,
  slots: ({ state }) => state,
  check: read,
  update({ g, param, gradient, state, learningRate, count, options }) {
    const { block, functions } = read(options);
    const { dtype, dims } = param.type;
    const tensors: readonly (readonly [string, Quantity])[] = Object.entries({
      [PARAM]: param,
      [GRADIENT]: gradient,
      [RATE]: learningRate,
      [STEP]: count,
      ...state,
    }).map(([name, value]) => [name, tensorOf(value, false)]);
    const names = [PARAM, ...options.state];
    const scope: NotationScope = {
      g,
      dtype: dtype === "f64" ? "f64" : "f32",
      batch: [],
      training: true,
      names: new Map([
        ...Object.entries({ ...CONSTANTS, ...options.hyper }).map(([name, value]) => [name, numberOf(value)] as const),
        ...tensors,
      ]),
      functions,
      cells: new Map(),
      states: new Map(names.map((name) => [name, dims])),
    };
    const defined = elaborate(block, scope);
    const next = (name: string): Value => {
      const quantity = defined.get(`${name}'`);
      if (quantity?.kind === "tensor") return quantity.value;
      throw new TypeError(`internal: ${name}' was not checked; please report this`);
    };
    return {
      param: next(PARAM),
      state: Object.fromEntries(options.state.map((name) => [name, next(name)])),
    };
  },
};
