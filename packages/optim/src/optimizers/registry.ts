/** The registry: one line per optimizer. */
import * as z from "zod";
import { adagrad } from "./adagrad.js";
import { adam, adamW } from "./adam.js";
import { equations } from "./equations.js";
import type { Optimizer } from "./optimizer.js";
import { rmsProp } from "./rms-prop.js";
import { sgd } from "./sgd.js";

export const optimizers = { adagrad, adam, adamW, equations, rmsProp, sgd } as const;

export const optimizerSchema = z.discriminatedUnion("type", [
  adagrad.schema,
  adam.schema,
  adamW.schema,
  equations.schema,
  rmsProp.schema,
  sgd.schema,
]);
export type OptimizerConfig = z.output<typeof optimizerSchema>;

/** The definition that a config names. */
export const optimizerOf = (config: OptimizerConfig): Optimizer<z.ZodType<OptimizerConfig>> => optimizers[config.type];
