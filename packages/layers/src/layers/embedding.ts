/** Vectors for ids. */
import { formatType } from "@latchgrad/core";
import { sizeSchema } from "../cells/cell.js";
import { refuse } from "../config/refuse.js";
import { initializerSchema } from "../init/registry.js";
import { defineLayer, layerSchema, weightFields } from "./layer.js";

/** out[..., :] = table[ids[...], :]. ids i32 [...], each below `count`; table [count, units]; out [..., units]. */
export const embedding = defineLayer({
  type: "embedding",
  summary: "Looks up a learned vector for each id.",
  schema: layerSchema("embedding", {
    count: sizeSchema.meta({ description: "How many ids there are: 0 to count - 1.", examples: [96] }),
    units: sizeSchema.meta({ description: "Size of each vector.", examples: [16] }),
    init: initializerSchema
      .default({ type: "normal", mean: 0, deviation: 1 })
      .describe("Initial values of the vectors."),
    ...weightFields,
  }),
  build(scope, { count, units, init }, [input]) {
    if (input.type.dtype !== "i32")
      refuse("input-type", scope.pointer, {
        problem: `the layer "${scope.name}" reads ids of type i32[...]`,
        received: formatType(input.type),
        hint: "numbers that are no ids go to a recurrent or dense layer directly",
      });
    const table = scope.weight("table", [count, units], init);
    return { output: scope.g.gather(table, input, { axis: 0, batch: 0 }) };
  },
});
