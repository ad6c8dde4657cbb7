/**
 * An optimizer on all parameters of a model. What it keeps is named
 * `<optimizer>.<slot>/<parameter>`, for example `adam.mean/memory.Wf`; the
 * number of updates done is `step`; the next value of any state is the output
 * `next.<name>`.
 */
import { buildGraph, i32, type Graph, type GraphBuilder, type TensorType, type Value } from "@latchgrad/core";
import { learningRateAt, type LearningRateConfig } from "../schedules/registry.js";
import { castTo, commonFloat } from "../scalars.js";
import { optionsFor, type WeightGroup } from "../weight-groups.js";
import { optimizerOf, type OptimizerConfig } from "./registry.js";

/** A tensor that lives from one step to the next. */
export interface StateTensor {
  readonly name: string;
  readonly type: TensorType;
}

export const stepType: TensorType = i32();
export const nextName = (state: string): string => `next.${state}`;
const slotName = (config: OptimizerConfig, slot: string, param: string): string => `${config.type}.${slot}/${param}`;

/** What the optimizer keeps for these parameters, all zero before the first update. The step counter is not among it. */
export const optimizerState = (config: OptimizerConfig, params: readonly StateTensor[]): readonly StateTensor[] =>
  params.flatMap(({ name, type }) =>
    optimizerOf(config)
      .slots(config)
      .map((slot) => ({ name: slotName(config, slot, name), type })),
  );

export interface OptimizerInputs {
  readonly params: readonly StateTensor[];
  /** Parameters and everything that `optimizerState` names, as they are now. */
  readonly values: Readonly<Record<string, Value>>;
  /** By parameter name. */
  readonly gradients: Readonly<Record<string, Value>>;
  /** i32: the number of steps done, which the learning rate follows. */
  readonly step: Value;
  /** i32: the number of updates done, where that can be less, because some steps made none. */
  readonly updates?: Value | undefined;
  /** Weights with options of their own. */
  readonly groups?: readonly WeightGroup[] | undefined;
}

export interface OptimizerOutputs {
  /** The next value of every parameter and of everything that `optimizerState` names. */
  readonly next: Readonly<Record<string, Value>>;
  /** That of weights in no group. */
  readonly learningRate: Value;
}

/** Appends one update of all parameters. */
export function applyOptimizer(
  g: GraphBuilder,
  config: OptimizerConfig,
  { params, values, gradients, step, updates = step, groups = [] }: OptimizerInputs,
): OptimizerOutputs {
  const optimizer = optimizerOf(config);
  const slots = optimizer.slots(config);
  const dtype = commonFloat(params.map((param) => param.type));
  const t = castTo(g, step, dtype);
  const learningRate = g.named("learningRate", learningRateAt(g, t, config.learningRate));
  const rates = new Map([[config.learningRate, learningRate]]);
  const rateOf = (rate: LearningRateConfig): Value => {
    const value = rates.get(rate) ?? learningRateAt(g, t, rate);
    rates.set(rate, value);
    return value;
  };
  const count = g.add(updates === step ? t : castTo(g, updates, dtype), 1);
  const next: Record<string, Value> = {};
  const shared = new Map<string, Value>();
  for (const { name, type } of params) {
    const options = optionsFor(config, groups, name);
    const updated = optimizer.update({
      g,
      param: values[name],
      gradient: gradients[name],
      state: Object.fromEntries(slots.map((slot) => [slot, values[slotName(config, slot, name)]])),
      learningRate: castTo(g, rateOf(options.learningRate), type.dtype),
      count: castTo(g, count, type.dtype),
      options,
      once(what, make) {
        const key = JSON.stringify([what, type.dtype, options]);
        const value = shared.get(key) ?? make();
        shared.set(key, value);
        return value;
      },
    });
    next[name] = g.named(nextName(name), updated.param);
    for (const [slot, value] of Object.entries(updated.state))
      if (value !== undefined) {
        const full = slotName(config, slot, name);
        next[full] = g.named(nextName(full), value);
      }
  }
  return { next, learningRate };
}

/**
 * One update as a graph of its own: parameters, `grad.<parameter>`, optimizer state and `step` in;
 * `next.*` and `learningRate` out. Works for any parameters, whatever made the gradients.
 */
export function optimizerGraph(
  config: OptimizerConfig,
  params: readonly StateTensor[],
  groups: readonly WeightGroup[] = [],
): Graph {
  const g = buildGraph(config.type);
  const state = [...params, ...optimizerState(config, params)];
  const values = Object.fromEntries(state.map(({ name, type }) => [name, g.param(name, type)]));
  const step = g.param("step", stepType);
  const gradients = Object.fromEntries(params.map(({ name, type }) => [name, g.param(`grad.${name}`, type)]));
  const { next, learningRate } = applyOptimizer(g, config, { params, values, gradients, step, groups });
  const all: Readonly<Record<string, Value>> = { ...next, step: g.add(step, 1) };
  return g.build(
    { learningRate, ...Object.fromEntries(Object.entries(all).map(([name, value]) => [nextName(name), value])) },
    Object.keys(all).map((param) => ({ param, next: nextName(param) })),
  );
}
