/** What an import has to do: for each weight of a model the rule that makes it, and the place where its layer stands in the source. */
import { findNearest, type Issue } from "@latchgrad/core";
import type { Mapping } from "./mapping.js";
import type { Directions, WeightExpression, LayerPattern, Rule } from "./mapping-schema.js";
import { joinName } from "./source-names.js";
import { isObject, targetsOf, type ImportingModel, type Target } from "./targets.js";

/** How a rule makes a weight, and for which gate. */
export interface Recipe {
  readonly expression: WeightExpression;
  /** As the rule calls the weight: "W{gate}". */
  readonly as: string;
  readonly gate: { readonly name: string; readonly index: number } | undefined;
  /** How many gates the rule has. */
  readonly gates: number | undefined;
}

/** Where a weight's layer stands in the source, and what is left for the names of its tensors to say. */
export interface Place {
  readonly path: string;
  /** From 0; undefined where there is no stack, or where the path says already which layer of it is meant. */
  readonly stack: number | undefined;
  readonly direction: keyof Directions;
}

/** A weight and how it is made. */
export interface Order {
  readonly target: Target;
  readonly recipe: Recipe;
  readonly place: Place;
}

/** An order for each weight that a rule is for; and what is wrong with the others, and with the mapping's layers. */
export function orderWeights(
  model: ImportingModel,
  mapping: Mapping,
): { readonly orders: readonly Order[]; readonly issues: readonly Issue[] } {
  const targets = targetsOf(model);
  const issues: Issue[] = [...unknownPaths(targets, mapping)];
  const withoutRule = new Set<string>();
  const orders = targets.flatMap((target): readonly Order[] => {
    const rule = mapping.rules.find(({ layer }) => matches(target.config, layer));
    if (rule === undefined) {
      if (!withoutRule.has(target.layer)) issues.push(noRule(target, mapping));
      withoutRule.add(target.layer);
      return [];
    }
    const recipe = recipeOf(rule, target.weight);
    if (recipe === undefined) issues.push(noRecipe(target, rule));
    return recipe === undefined ? [] : [{ target, recipe, place: placeOf(target, mapping) }];
  });
  return { orders, issues };
}

/** Whether a config holds what a pattern says. */
const matches = (config: unknown, pattern: LayerPattern): boolean =>
  isObject(config) &&
  Object.entries(pattern).every(([key, wanted]) =>
    typeof wanted === "object" ? matches(config[key], wanted) : config[key] === wanted,
  );

/** How a rule makes a weight: as the weight is named, or for one of the gates. */
function recipeOf({ weights, gates = [] }: Rule, weight: string): Recipe | undefined {
  const count = gates.length === 0 ? undefined : gates.length;
  if (Object.hasOwn(weights, weight)) return { expression: weights[weight], as: weight, gate: undefined, gates: count };
  for (const [as, expression] of Object.entries(weights))
    for (const [index, name] of gates.entries())
      if (as.includes("{gate}") && as.split("{gate}").join(name) === weight)
        return { expression, as, gate: { name, index }, gates: count };
  return undefined;
}

/** The path of a weight's place in the model: its layer, and its part of a stack where there is one. */
const pathOf = ({ layer, stack, direction }: Target): readonly string[] => [
  ...layer.split("."),
  ...(stack === undefined ? [] : [`layer${stack + 1}`]),
  ...(direction === undefined ? [] : [direction]),
];

/** The place that the longest fitting path of the mapping's layers gives; what is left of the layer's name follows it. */
function placeOf(target: Target, { layers, separator }: Mapping): Place {
  const names = target.layer.split(".");
  const path = pathOf(target);
  let used = path.length;
  while (used > 0 && !Object.hasOwn(layers, path.slice(0, used).join("."))) used--;
  const key = path.slice(0, used).join(".");
  return {
    path: joinName([Object.hasOwn(layers, key) ? layers[key] : "", ...names.slice(used)], separator),
    stack: used > names.length ? undefined : target.stack,
    direction: used === path.length ? "only" : (target.direction ?? "only"),
  };
}

/** Paths of the mapping that lead to no layer of the model. */
function unknownPaths(targets: readonly Target[], { layers }: Mapping): readonly Issue[] {
  const known = new Set(
    targets.flatMap((target) => {
      const path = pathOf(target);
      return [...path.keys(), path.length].map((length) => path.slice(0, length).join("."));
    }),
  );
  return Object.keys(layers)
    .filter((path) => !known.has(path))
    .map((path) => {
      const nearest = findNearest(path, [...known]);
      return {
        code: "import.unknown-layer",
        problem: "the layers that a mapping places are layers of the model that have weights",
        at: { kind: "value", name: `layer ${path}` },
        hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
      };
    });
}

function noRule({ layer, param, config }: Target, { rules }: Mapping): Issue {
  const alike = rules.map((rule) => rule.layer).filter((pattern) => isAlike(config, pattern));
  return {
    code: "import.no-rule",
    problem: "the mapping has a rule for every layer with weights",
    at: { kind: "config", pointer: param.origin },
    received: `the layer "${layer}"`,
    hint:
      alike.length === 0 ? undefined : `there is a rule for ${alike.map((each) => JSON.stringify(each)).join(", ")}`,
  };
}

/** Whether a rule is for another setting of the same kind of layer, or of the same cell. */
function isAlike(config: unknown, pattern: LayerPattern): boolean {
  if (!isObject(config) || pattern.type !== config.type) return false;
  const { cell } = pattern;
  return typeof cell !== "object" || (isObject(config.cell) && cell.type === config.cell.type);
}

const noRecipe = ({ param, weight }: Target, rule: Rule): Issue => ({
  code: "import.no-weight",
  problem: "the rule for a layer says how each of its weights is made",
  at: { kind: "value", name: `weight ${param.name}` },
  expected: `"${weight}" among its weights`,
  received: Object.keys(rule.weights).join(", "),
});
