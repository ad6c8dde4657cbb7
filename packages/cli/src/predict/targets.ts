/** Which target an output of a model is to say. */
import type { Model } from "@latchgrad/layers";

/** The output that is judged unless an objective names another. */
const PREDICTION = "prediction";

/** By output of a model the target that a loss, or else a metric, compares it with. */
export function targetsOf({ config, objectives }: Model): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const outputs = Object.entries({ [PREDICTION]: config.layers.at(-1)?.name, ...config.outputs });
  for (const { config: objective } of objectives)
    for (const [name, reference] of outputs) {
      const isMeant = objective.prediction === undefined ? name === PREDICTION : objective.prediction === reference;
      if (isMeant && !found.has(name)) found.set(name, objective.target);
    }
  return found;
}
