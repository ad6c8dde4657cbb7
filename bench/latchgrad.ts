/** Latchgrad as a contender: the training step of a model, compiled. */
import { compile, type CompileOptions, type TensorsByName } from "@latchgrad/core";
import type { Model } from "@latchgrad/layers";
import { trainingStep, type StepGraph } from "@latchgrad/optim";
import { contenderOf, type Contender } from "./measure.ts";
import { LEARNING_RATE } from "./workload.ts";

export const FAST = "Latchgrad";
export const TWO_THREADS = "Latchgrad, 2 threads";
export const REPRODUCIBLE = "Latchgrad, reproducible";
export const NODE_20 = "Latchgrad, Node 20";
export const NODE_20_RELAXED = "Latchgrad, Node 20 with relaxed SIMD";
export const NODE_20_PEAK = "multiply-add peak, Node 20";
export const NODE_20_RELAXED_PEAK = "multiply-add peak, Node 20 with relaxed SIMD";
export const SEED = "bench";

export const adamStep = (model: Model): StepGraph =>
  trainingStep(model, {
    optimizer: { type: "adam", learningRate: LEARNING_RATE, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  });

/** A step is one `run`, with the batch copied in and the loss copied out; weights and what Adam keeps stay inside. */
export const latchgrad = (
  name: string,
  model: Model,
  batch: TensorsByName,
  options: Pick<CompileOptions, "precision" | "threads"> = {},
): Contender =>
  contenderOf(name, async () => {
    const { graph, initialState } = adamStep(model);
    const began = performance.now();
    const state = initialState(SEED);
    const weights = performance.now() - began;
    const executable = await compile(graph, { ...options, state });
    return { step: async () => executable.run(batch), stop: executable.dispose, weights };
  });
