/** call: a graph used as an op. Gives a part of a model a name that survives in the printed graph. */
import type { NoAttrs } from "../ir/attrs.js";
import { outputTypes } from "../ir/graph.js";
import { sameType } from "../shape/tensor-type.js";
import type { Cotangent, RegionOp, Residual, Value } from "./op.js";
import { filled } from "./rules.js";

export const call: RegionOp<NoAttrs> = {
  kind: "region",
  name: "call",
  summary: "The results of another graph for these inputs.",
  formula: "out = region(inputs)",
  attrs: {},
  constraints: [
    { label: "C1", says: "one region", holds: (_, regions) => regions.length === 1 },
    {
      label: "C2",
      says: "one input for each parameter of the region, of its type",
      holds: (inputs, [region]) =>
        inputs.length === region.params.length && region.params.every((param, i) => sameType(param.type, inputs[i])),
    },
  ],
  traits: {},
  results: (_, [region]) => outputTypes(region),
  evaluate: (inputs, [region], _, run) => run(region, inputs).map((result) => result.data),
  structure: () => ({ kind: "inline" }),
  dependence: (marked, [region], _, dependent) => dependent(region, marked),
  vjp({ op, inputs, regions: [region], scope, active, live, split }) {
    const all = <T>(values: readonly T[]): readonly boolean[] => values.map(() => true);
    const { forward, backward, needed } = split(region, {
      active,
      live,
      freeParams: all(region.params),
      freeOutputs: all(region.outputs),
      outputBefore: region.params.map(() => undefined),
    });
    const forwardResults = scope.emitRegion(op, inputs, {}, [forward]);
    const results = forwardResults.slice(0, region.outputs.length);
    const sources: Readonly<Record<Residual["kind"], readonly Value[]>> = {
      param: inputs,
      output: results,
      saved: forwardResults.slice(region.outputs.length),
      before: [],
    };
    return {
      results,
      pull(cotangents) {
        const arriving = backward.params.slice(needed.length);
        const liveCotangents = cotangents.filter((_, i) => live[i]);
        const given = arriving.map(({ type }, i) => liveCotangents[i] ?? filled(scope.emit, type, 0));
        const pulled = scope.emitRegion(op, [...needed.map(({ kind, index }) => sources[kind][index]), ...given], {}, [
          backward,
        ]);
        let next = 0;
        return active.map((mark): Cotangent => (mark ? pulled[next++] : null));
      },
    };
  },
};
