/** Makes one weight of a model from the tensors of a source, as its recipe says. */
import { CheckpointError, formatType, sameDims, type Issue, type TensorData } from "@latchgrad/core";
import { applyStep, concatOf, countOf, sumOf, type LazyTensor, type Refuse } from "./lazy-tensor.js";
import type { Mapping } from "./mapping.js";
import type { WeightExpression } from "./mapping-schema.js";
import type { Order } from "./order.js";
import { joinName } from "./source-names.js";
import type { Source } from "./source.js";
import type { Target } from "./targets.js";

/** What came of an order. */
export interface MadeWeight {
  readonly data: TensorData;
  /** The source has none of its tensors, and the mapping says that it is zero then. */
  readonly isAbsent: boolean;
}

/** Stands for tensors that the source does not have and that are zero then; it takes any dims. */
const ZEROS = "zeros";
type Part = LazyTensor | typeof ZEROS;

const refuseWeight = (code: string, { param }: Target, facts: Omit<Issue, "code" | "at">): never => {
  throw new CheckpointError([
    { code: `import.${code}`, ...facts, at: { kind: "value", name: `weight ${param.name}` } },
  ]);
};

/** The weight that an order is for. Throws CheckpointError. */
export function makeWeight(order: Order, mapping: Mapping, source: Source): MadeWeight {
  const { target, recipe, place } = order;
  const { type } = target.param;
  const refuse: Refuse = (expected, received) =>
    refuseWeight("step", target, {
      problem: "the tensors of the source allow what the mapping does with them",
      expected,
      received,
    });
  checkTemplates(order);

  function evaluate(expression: WeightExpression): Part {
    return expression.steps.reduce<Part>(
      (part, step) =>
        part === ZEROS ? part : applyStep(part, step, { gate: recipe.gate?.index, gates: recipe.gates }, refuse),
      sourceOf(expression),
    );
  }
  function sourceOf({ tensor, absent, sum = [], concat = [], axis }: WeightExpression): Part {
    if (tensor !== undefined) return tensorOf(tensor, absent);
    const parts = [...sum, ...concat].map(evaluate);
    const present = parts.filter((part) => part !== ZEROS);
    if (present.length === 0) return ZEROS;
    if (sum.length > 0) return sumOf(present, refuse);
    if (present.length < parts.length)
      return refuse("what is joined is there as a whole, or not at all", `${present.length} of ${parts.length} parts`);
    return concatOf(present, axis, refuse);
  }
  function tensorOf(template: string, absent: WeightExpression["absent"]): Part {
    const local = fill(template, {
      stack: String(place.stack ?? 0),
      direction: mapping.directions[place.direction],
      gate: recipe.gate?.name,
    });
    const name = joinName([place.path, local], mapping.separator);
    const found = source.find(name);
    if (found.length === 1) return source.read(found[0], refuse);
    if (found.length > 1)
      return refuseWeight("ambiguous", target, {
        problem: "a name with * means one tensor of the source",
        expected: name,
        received: listOf(found.map((stored) => stored.name)),
      });
    if (absent === ZEROS) return ZEROS;
    return refuseWeight("missing", target, {
      problem: "the source has the tensor that a weight is made of",
      expected: name,
      received: "no such tensor",
      hint: hintForPlace(target.layer, source.placesOf(local)),
    });
  }

  const made = evaluate(recipe.expression);
  const dims = made === ZEROS ? type.dims : made.dims;
  if (made !== ZEROS && !sameDims(dims, type.dims))
    refuseWeight("shape", target, {
      problem: "what the mapping makes has the dims that the model gives the weight",
      expected: formatType(type),
      received: `[${dims.join(",")}]`,
      hint: sameDims(dims.toReversed(), type.dims) ? 'transposed it would fit: "steps": ["transpose"]' : undefined,
    });
  return { data: elementsOf(made, target), isAbsent: made === ZEROS };
}

function elementsOf(made: Part, target: Target): TensorData {
  const { dtype, dims } = target.param.type;
  const count = countOf(dims);
  const data = dtype === "f32" ? new Float32Array(count) : new Float64Array(count);
  if (made === ZEROS) return { dtype, dims, data };
  for (let i = 0; i < count; i++) {
    const value = made.at(i);
    data[i] = value;
    if (!Number.isFinite(data[i]))
      refuseWeight("value", target, {
        problem: "imported weights are finite numbers",
        expected: `a finite ${dtype}`,
        received: `${value} at index ${i} of [${dims.join(",")}]`,
      });
  }
  return { dtype, dims, data };
}

/** In a stack, or in two directions, the names of the tensors say which one is meant; else all would get the same numbers. */
function checkTemplates({ target, recipe, place }: Order): void {
  const templates = templatesOf(recipe.expression);
  const says = (variable: string): boolean => templates.some((template) => template.includes(variable));
  const { layer } = target;
  if (place.stack !== undefined && !says("{stack}"))
    refuseWeight("stack", target, {
      problem: "the names in the source say which layer of a stack is meant",
      expected: `{stack} in ${listOf(templates)}`,
      hint: `say where each of them stands: "layers": {"${layer}.layer1": ..., "${layer}.layer2": ...}`,
    });
  if (place.direction !== "only" && !says("{direction}"))
    refuseWeight("direction", target, {
      problem: "the names in the source say which direction is meant",
      expected: `{direction} in ${listOf(templates)}`,
      hint: `say where each of them stands: "layers": {"${layer}.forward": ..., "${layer}.reverse": ...}`,
    });
}

/** A template with names in place of {names}; those that have none stay. */
const fill = (template: string, names: Readonly<Record<string, string | undefined>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(names, name) ? (names[name] ?? whole) : whole,
  );

const templatesOf = ({ tensor, sum = [], concat = [] }: WeightExpression): readonly string[] =>
  tensor === undefined ? [...sum, ...concat].flatMap(templatesOf) : [tensor];

const MOST_LISTED = 5;
const listOf = (names: readonly string[]): string =>
  names.slice(0, MOST_LISTED).join(", ") + (names.length > MOST_LISTED ? ", ..." : "");

/** Where in the source there is a tensor of this kind, if anywhere. */
function hintForPlace(layer: string, places: readonly string[]): string | undefined {
  if (places.length === 0) return undefined;
  return places.length === 1
    ? `there is one at "${places[0]}": "layers": {"${layer}": "${places[0]}"}`
    : `there is one at ${listOf(places.map((each) => `"${each}"`))}; "layers": {"${layer}": ...} says which`;
}
