/** The weights of a model while it is built: each is declared once, and used by the layers that own, share or tie it. */
import {
  formatType,
  joinPointer,
  sameDims,
  suggestName,
  type Dims,
  type FloatDType,
  type GraphBuilder,
  type Value,
} from "@latchgrad/core";
import { refuse } from "../config/refuse.js";
import type { Initializer } from "../init/registry.js";
import { parameterCount, type ParamSpec } from "../params.js";
import type { Tie, WiredLayer } from "./wiring.js";

/** A weight as a layer asks for it. */
interface AskedWeight {
  readonly path: string;
  readonly dims: readonly number[];
  readonly initializer: Initializer;
  readonly trainable: boolean;
}

export interface Weights {
  /** In the order in which they were declared. */
  readonly params: readonly ParamSpec[];
  /** The weight that a layer calls by this path. Throws ConfigError where it has other dims already. */
  weightOf(layer: WiredLayer, asked: AskedWeight): Value;
  /** Refuses ties of weights that the layer, which has been built, does not have. */
  checkTies(layer: WiredLayer): void;
}

/**
 * Numbers in all weights together. WebAssembly addresses 4 GiB; in f32, weights of 1 GiB with their gradient and the two
 * averages of Adam already fill it.
 */
const MOST_PARAMETERS = 2 ** 28;

/** Weights that are known already are declared first, in their order; without them, they are declared where a layer first asks. */
export function makeWeights(g: GraphBuilder, dtype: FloatDType, known: readonly ParamSpec[]): Weights {
  const params: ParamSpec[] = [...known];
  const values = new Map(known.map((spec) => [spec.name, g.param(spec.name, spec.type, spec.origin)]));
  const asked = new Map<WiredLayer, Set<string>>();

  function declare(spec: ParamSpec): Value {
    checkCount(params, spec);
    const value = g.param(spec.name, spec.type, spec.origin);
    params.push(spec);
    values.set(spec.name, value);
    return value;
  }

  function tiedWeight({ weight, transpose, pointer }: Tie, dims: Dims): Value {
    const value = values.get(weight);
    if (value === undefined) {
      const layer = weight.slice(0, weight.indexOf("."));
      return refuse("unknown-weight", pointer, {
        problem: `no weight is called "${weight}"`,
        hint: suggestName(
          weight,
          [...values.keys()].filter((name) => name.startsWith(`${layer}.`)),
        ),
      });
    }
    const found = transpose ? g.transpose(value, { order: value.type.dims.map((_, axis) => axis).reverse() }) : value;
    checkDims(pointer, weight, found, dims);
    return found;
  }

  const checkDims = (pointer: string, name: string, { type }: Value, dims: Dims): void => {
    if (sameDims(type.dims, dims)) return;
    refuse("weight-shape", pointer, {
      problem: `the weight "${name}" has the same dims wherever it is used`,
      expected: formatType({ dtype, dims }),
      received: formatType(type),
      hint: sameDims([...type.dims].reverse(), dims) ? 'with "transpose": true it fits' : undefined,
    });
  };

  return {
    params,
    weightOf(layer, { path, dims, initializer, trainable }) {
      const paths = asked.get(layer) ?? new Set();
      asked.set(layer, paths.add(path));
      const tie = layer.ties.get(path);
      if (tie !== undefined) return tiedWeight(tie, dims);
      const name = `${layer.weights}.${path}`;
      const existing = values.get(name);
      const { pointer: origin } = layer;
      if (existing === undefined) return declare({ name, type: { dtype, dims }, initializer, trainable, origin });
      checkDims(origin, name, existing, dims);
      return existing;
    },
    checkTies(layer) {
      const paths = [...(asked.get(layer) ?? [])];
      for (const [path] of layer.ties)
        if (!paths.includes(path))
          refuse("unknown-weight", joinPointer(layer.pointer, "tie", path), {
            problem: `the layer "${layer.name}" has no weight "${path}"`,
            hint: paths.length === 0 ? undefined : suggestName(path, paths),
          });
    },
  };
}

/** Refuses a weight that makes a model too large for any memory, before someone tries to allocate it. */
function checkCount(before: readonly ParamSpec[], spec: ParamSpec): void {
  const count = parameterCount([...before, spec]);
  if (count <= MOST_PARAMETERS) return;
  refuse("too-large", spec.origin, {
    problem: `the weights of a model hold at most ${MOST_PARAMETERS} numbers together`,
    received: `${count} up to this layer`,
  });
}
