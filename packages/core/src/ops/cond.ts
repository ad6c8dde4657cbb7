/** cond: one of two graphs, chosen by a scalar while running; only the chosen one is run. */
import type { NoAttrs } from "../ir/attrs.js";
import { outputTypes, type Graph } from "../ir/graph.js";
import { bool, sameType, type TensorType } from "../shape/tensor-type.js";
import type { Cotangent, RegionDerivative, RegionOp, RegionScope, RegionVjpRule, SplitRegion, Value } from "./op.js";
import { filled } from "./rules.js";

const sameTypes = (types: readonly TensorType[], wanted: readonly TensorType[]): boolean =>
  types.length === wanted.length && types.every((type, i) => sameType(type, wanted[i]));

/** Results that both branches have room in for what each wants to keep for its way back. */
interface Slots {
  readonly types: readonly TensorType[];
  /** By branch: the slot of each of its saved values. */
  readonly places: readonly (readonly number[])[];
}

/** Only one branch runs, so a slot may serve a value of each. */
function shareSlots(saved: readonly (readonly TensorType[])[]): Slots {
  const types: TensorType[] = [];
  const places = saved.map((wanted) => {
    const taken = new Set<number>();
    return wanted.map((type) => {
      const free = types.findIndex((slot, i) => !taken.has(i) && sameType(slot, type));
      const place = free >= 0 ? free : types.push(type) - 1;
      taken.add(place);
      return place;
    });
  });
  return { types, places };
}

const paramsOf = (values: readonly Value[], prefix: string) =>
  values.map(({ type }, i) => ({ name: `${prefix}_${i}`, type }));

/** The branch with its saved values in their slots, and zeros in the others. */
const forwardBranch = (
  scope: RegionScope,
  region: Graph,
  { forward }: SplitRegion,
  slots: Slots,
  place: readonly number[],
): Graph =>
  scope.region(region.name, region.params, ({ emit, inline }, args) => {
    const all = inline(forward, args);
    const saved = all.slice(region.outputs.length);
    const kept = slots.types.map((type, slot) => saved[place.indexOf(slot)] ?? filled(emit, type, 0));
    return [...all.slice(0, region.outputs.length), ...kept];
  });

function condVjp({ op, inputs, regions, scope, active, live, split }: RegionVjpRule<NoAttrs>): RegionDerivative {
  const [predicate, ...operands] = inputs;
  const activeOperands = active.slice(1);
  const all = <T>(values: readonly T[]): readonly boolean[] => values.map(() => true);
  const splits = regions.map((region) =>
    split(region, {
      active: activeOperands,
      live,
      freeParams: all(region.params),
      freeOutputs: all(region.outputs),
      outputBefore: region.params.map(() => undefined),
    }),
  );
  const types = outputTypes(regions[0]);
  const slots = shareSlots(splits.map(({ forward }) => outputTypes(forward).slice(types.length)));
  const forward = scope.emitRegion(
    op,
    inputs,
    {},
    regions.map((region, r) => forwardBranch(scope, region, splits[r], slots, slots.places[r])),
  );
  const results = forward.slice(0, types.length);
  const sources = splits.map(({ needed }, r) =>
    needed.map(({ kind, index }): Value => {
      if (kind === "param") return operands[index];
      return kind === "output" ? results[index] : forward[types.length + slots.places[r][index]];
    }),
  );
  const residuals = [...new Set(sources.flat())];
  return {
    results,
    pull(cotangents) {
      const arriving = cotangents.flatMap((cotangent, i) =>
        live[i] ? [cotangent ?? filled(scope.emit, types[i], 0)] : [],
      );
      const branches = splits.map(({ backward }, r) =>
        scope.region(
          `${regions[r].name}.backward`,
          [...paramsOf(residuals, "residual"), ...paramsOf(arriving, "cotangent")],
          ({ inline }, args) =>
            inline(backward, [
              ...sources[r].map((value) => args[residuals.indexOf(value)]),
              ...args.slice(residuals.length),
            ]),
        ),
      );
      const pulled = scope.emitRegion(op, [predicate, ...residuals, ...arriving], {}, branches);
      let next = 0;
      return [null, ...activeOperands.map((mark): Cotangent => (mark ? pulled[next++] : null))];
    },
  };
}

export const cond: RegionOp<NoAttrs> = {
  kind: "region",
  name: "cond",
  summary:
    "The results of one of two graphs for the same operands: of the first where a scalar is true, else of the second. Only that one runs; to choose by element, use select.",
  formula: "out = predicate ? then(operands) : otherwise(operands)",
  attrs: {},
  constraints: [
    { label: "C1", says: "two regions, for true and for false", holds: (_, regions) => regions.length === 2 },
    {
      label: "C2",
      says: "a predicate of type bool, a scalar, as the first input",
      holds: (inputs) => inputs.length > 0 && sameType(inputs[0], bool()),
      hint: "a mask with one element for each example is for select",
    },
    {
      label: "C3",
      says: "one input behind the predicate for each parameter of the regions, of its type",
      holds: ([, ...operands], regions) =>
        regions.every(({ params }) =>
          sameTypes(
            operands,
            params.map((param) => param.type),
          ),
        ),
    },
    {
      label: "C4",
      says: "regions with results of the same types, at least one",
      holds: (_, [then, otherwise]) => then.outputs.length > 0 && sameTypes(outputTypes(then), outputTypes(otherwise)),
    },
  ],
  traits: {},
  results: (_, [then]) => outputTypes(then),
  evaluate: ([predicate, ...operands], [then, otherwise], _, run) =>
    run(predicate.data[0] !== 0 ? then : otherwise, operands).map((result) => result.data),
  structure: () => ({ kind: "branch" }),
  dependence([chosen, ...operands], regions, _, dependent) {
    const [then, otherwise] = regions.map((region) => dependent(region, operands));
    return then.map((mark, i) => mark || otherwise[i] || chosen);
  },
  vjp: condVjp,
};
