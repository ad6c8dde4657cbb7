/** Attention: for every query, an average of a sequence, weighted by how well each of its positions fits. */
import {
  einsum,
  formatType,
  matmul,
  sameDims,
  softmax,
  type DType,
  type GraphBuilder,
  type Value,
} from "@latchgrad/core";
import * as z from "zod";
import { sizeSchema } from "../cells/cell.js";
import { referenceSchema } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import { initializerSchema } from "../init/registry.js";
import { checkFloats, defineLayer, knownSize, layerSchema, weightFields, type LayerScope } from "./layer.js";
import { lengthsField, lengthsOf, lengthsReferences } from "./lengths.js";

const schema = layerSchema("attention", {
  memory: referenceSchema.meta({
    description: "The sequence that is attended to, [B, T, size]: an input or a layer.",
    examples: ["encoder"],
  }),
  score: z
    .enum(["dot", "scaledDot", "general", "additive"])
    .default("dot")
    .describe(
      "How well a position m fits a query q: q·m, q·m / √size, q W m (Luong et al. 2015), or v·tanh(q Wq + m Wm + b) (Bahdanau et al. 2015).",
    ),
  units: sizeSchema.optional().meta({
    description: "Size of the hidden vector of an additive score. By default that of the query.",
    examples: [32],
  }),
  lengths: lengthsField("the memory"),
  weightInit: initializerSchema.default("glorotUniform").describe("Initial values of the matrices W, Wq, Wm and of v."),
  ...weightFields,
});

type AttentionConfig = z.output<typeof schema>;

/**
 * out[b,s] = Σ_t a[b,s,t] memory[b,t], a = softmax over t < lengths[b] of score(query[b,s], memory[b,t]). query [B, S, q] or
 * [B, q]; memory [B, T, m]; out [B, S, m] or [B, m]. The output "weights" is a, [B, S, T] or [B, T]. A sequence of length 0 gives 0.
 */
export const attention = defineLayer({
  type: "attention",
  summary:
    "Averages a sequence for every query, weighted by how well its positions fit (Bahdanau, Cho, Bengio 2015; Luong, Pham, Manning 2015).",
  schema,
  references: ({ memory, lengths }) => [{ path: ["memory"], reference: memory }, ...lengthsReferences(lengths)],
  outputs: () => ["weights"],
  build(scope, config, [input]) {
    const { g } = scope;
    scope.needsWhole("attention to a whole sequence");
    const memory = memoryOf(scope, config, input);
    const isSingle = input.type.dims.length === 2;
    const [batch, size] = input.type.dims;
    const query = isSingle ? g.reshape(input, { dims: [batch, 1, size] }) : input;
    const scores = scoresOf(scope, config, query, memory);
    const weights = normalized(g, scores, lengthsOf(scope, config.lengths, memory));
    const output = einsum(g, "bst,btm->bsm", [weights, memory]);
    const flat = (value: Value): Value => (isSingle ? g.reshape(value, { dims: [batch, value.type.dims[2]] }) : value);
    return { output: flat(output), more: { weights: flat(weights) } };
  },
});

function memoryOf(scope: LayerScope, config: AttentionConfig, query: Value): Value {
  checkFloats(scope, query, 2, "[B, S, size] or [B, size]");
  const memory = scope.find(config.memory);
  if (memory === undefined) throw new TypeError(`internal: ${config.memory} was not checked; please report this`);
  const fits =
    query.type.dims.length <= 3 &&
    memory.type.dtype === scope.dtype &&
    memory.type.dims.length === 3 &&
    sameDims(query.type.dims.slice(0, 1), memory.type.dims.slice(0, 1));
  if (!fits)
    refuse("input-type", scope.pointer, {
      problem: `the layer "${scope.name}" reads queries [B, S, size] or [B, size], and a memory [B, T, size] of the same batch`,
      received: `query ${formatType(query.type)}, memory ${formatType(memory.type)}`,
    });
  return memory;
}

/** How well each position fits each query: [B, S, T]. */
function scoresOf(
  scope: LayerScope,
  { score, units, weightInit }: AttentionConfig,
  query: Value,
  memory: Value,
): Value {
  const { g } = scope;
  const querySize = knownSize(scope, query, -1);
  const memorySize = knownSize(scope, memory, -1);
  const products = (keys: Value): Value => einsum(g, "bsm,btm->bst", [keys, memory]);
  if (score === "general") return products(matmul(g, query, scope.weight("W", [querySize, memorySize], weightInit)));
  if (score === "additive") {
    const size = units ?? querySize;
    const fromQuery = matmul(g, query, scope.weight("Wq", [querySize, size], weightInit));
    const fromMemory = g.add(
      matmul(g, memory, scope.weight("Wm", [memorySize, size], weightInit)),
      scope.weight("b", [size], "zeros"),
    );
    const [batch, steps] = query.type.dims;
    const [, positions] = memory.type.dims;
    const hidden = g.tanh(
      g.add(
        g.reshape(fromQuery, { dims: [batch, steps, 1, size] }),
        g.reshape(fromMemory, { dims: [batch, 1, positions, size] }),
      ),
    );
    const v = scope.weight("v", [size, 1], weightInit);
    return g.reshape(matmul(g, hidden, v), { dims: [batch, steps, positions] });
  }
  if (querySize !== memorySize)
    refuse("inputs-differ", scope.pointer, {
      problem: `the layer "${scope.name}" multiplies queries with positions of the same size`,
      received: `query ${formatType(query.type)}, memory ${formatType(memory.type)}`,
      hint: '"score": "general" has a matrix between them',
    });
  return score === "dot" ? products(query) : products(g.mul(query, 1 / Math.sqrt(querySize)));
}

/** Softmax of scores [B, S, T] over the positions below the lengths i32[B]; 0 where there are none. */
function normalized(g: GraphBuilder, scores: Value, lengths: Value | undefined): Value {
  if (lengths === undefined) return softmax(g, scores, { axis: -1 });
  const { dtype, dims } = scores.type;
  const position = g.iota({ dtype: "i32", dims, axis: 2 });
  const limit = g.broadcast(lengths, { dims, axes: [0] });
  const counts = g.lt(position, limit);
  // Softmax of an empty sequence is 0 / 0, whose derivative is no number either; so it first gets all positions, and then loses them.
  const open = g.or(counts, g.le(limit, 0));
  const weights = softmax(g, g.select(open, scores, infinity(g, dtype)), { axis: -1 });
  return g.select(counts, weights, 0);
}

const infinity = (g: GraphBuilder, dtype: DType): Value => g.constant({ dtype, dims: [], data: [-Infinity] });
