/**
 * Lowering: from a graph without symbols to a program. Views become strides,
 * elementwise nodes become fused loops, contractions and reductions calls of
 * kernels, scans loops over blocks. What a loop needs in another layout is
 * copied once in front of it when it does not change inside.
 */
import { valueTypes, type Graph, type ValueId } from "../ir/graph.js";
import { placeOf } from "../graph/place.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { isFloat, type DType } from "../shape/tensor-type.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { lowerGraph } from "./lower-graph.js";
import { finiteStep } from "./finite.js";
import { copyStep } from "./lower-map.js";
import { bring, destinationsFor } from "./lower-regions.js";
import type { Lowering } from "./lowering.js";
import type { Observer } from "./observer.js";
import type { Block, Buffer, Place, Port, Program, Site } from "./program.js";
import { isContiguous, tensorOf, type StoredTensor, type Tensor } from "./tensors.js";

export interface LowerOptions {
  /** Names of outputs that stop the run where an element is not finite, before state advances. */
  readonly finite?: readonly string[] | undefined;
  readonly observer?: Observer | undefined;
}

/** A program for `graph`, whose symbols are bound and whose scans have no lengths. */
export function lower(graph: Graph, precision: Precision, { finite = [], observer }: LowerOptions = {}): Program {
  const main: Block = { parent: undefined, loop: undefined, steps: [] };
  const buffers: Buffer[] = [];
  const copies = new Map<string, StoredTensor>();

  function buffer(
    bytes: number,
    home: Block,
    { persistent = false, perThread = false }: Partial<Pick<Buffer, "persistent" | "perThread">> = {},
  ): Buffer {
    const made = { id: buffers.length, bytes: Math.max(bytes, 4), home, persistent, perThread };
    buffers.push(made);
    return made;
  }

  const stored = (dtype: DType, dims: readonly number[], place: Place, block: Block): StoredTensor => ({
    kind: "stored",
    dtype,
    dims,
    strides: stridesOf(dims),
    place,
    block,
  });

  const sites: Site[] = [];
  const constants: Program["constants"][number][] = [];
  const lowering: Lowering = {
    precision,
    observer,
    siteOf(owner, node, stops) {
      sites.push({ op: node.op, stops, at: placeOf(owner, node) });
      return sites.length - 1;
    },
    allocate({ dtype, dims }, block) {
      const place: Place = { buffer: buffer(elementCount(dims) * BYTES[dtype], block), offset: 0, perStep: [] };
      return stored(dtype, dims, place, block);
    },
    counter(block) {
      const place: Place = { buffer: buffer(BYTES.i32, block, { perThread: true }), offset: 0, perStep: [] };
      return stored("i32", [], place, block);
    },
    constant({ dtype, dims }, data) {
      const memory = buffer(elementCount(dims) * BYTES[dtype], main, { persistent: true });
      constants.push({
        port: { name: `constant ${constants.length}`, dtype, dims, buffer: memory },
        data: dtype === "bool" ? data.map((value) => -value) : data,
      });
      return stored(dtype, dims, { buffer: memory, offset: 0, perStep: [] }, main);
    },
    append: (block, step) => {
      block.steps.push(step);
      observer?.appended(block, step);
    },
    contiguous(tensor: Tensor) {
      if (tensor.kind === "stored" && isContiguous(tensor))
        // Views of nothing may have any strides; who asks for this order relies on those it has.
        return elementCount(tensor.dims) === 0 ? { ...tensor, strides: stridesOf(tensor.dims) } : tensor;
      // A splat belongs to no block.
      const key = tensor.kind === "stored" ? "row-major" : String(tensor.value);
      return lowering.prepared(tensor, key, tensor.dims, (copy, block) => {
        lowering.copy(tensor, copy, block);
      });
    },
    prepared(tensor, key, dims, fill) {
      // What is stored can be copied where it was made, in front of the loops that read it.
      const home = tensor.kind === "stored" ? tensor.block : main;
      const where =
        tensor.kind === "stored"
          ? [
              tensor.place.buffer.id,
              tensor.place.offset,
              tensor.place.perStep.map(({ bytes }) => bytes),
              tensor.strides,
            ]
          : [tensor.dtype];
      const fullKey = JSON.stringify([where, tensor.dims, key]);
      const known = copies.get(fullKey);
      if (known !== undefined && known.block === home) return known;
      const copy = lowering.allocate({ dtype: tensor.dtype, dims }, home);
      fill(copy, home);
      copies.set(fullKey, copy);
      return copy;
    },
    copy(from, to, block) {
      copyStep(lowering, block, from, to);
    },
  };

  const bound = new Map<ValueId, Tensor>();
  const inputs = graph.params.map(({ name, type }, id): Port => {
    const dims = sizesOf(type);
    const memory = buffer(elementCount(dims) * BYTES[type.dtype], main, { persistent: true });
    bound.set(id, stored(type.dtype, dims, { buffer: memory, offset: 0, perStep: [] }, main));
    return { name, dtype: type.dtype, dims, buffer: memory };
  });
  // Outputs get memory of their own, so that one tensor may leave under several names and inputs are never handed out.
  // A next state that is the state before stays where it is: nobody gets it, and nothing changes it.
  const types = valueTypes(graph);
  const kept = new Map(
    graph.state.flatMap(({ param, next }) => {
      const id = graph.params.findIndex(({ name }) => name === param);
      const isSame = graph.outputs.some(({ name, value }) => name === next && value === id);
      return isSame ? [[next, param] as const] : [];
    }),
  );
  const outs = graph.outputs.map(({ name, value }) => {
    const itself = kept.has(name) ? bound.get(value) : undefined;
    return itself?.kind === "stored"
      ? itself
      : lowering.allocate({ dtype: types[value].dtype, dims: sizesOf(types[value]) }, main);
  });
  lowerGraph(
    lowering,
    graph,
    bound,
    main,
    destinationsFor(graph, graph.outputs, (k) => outs[k]),
  );
  const outputs = graph.outputs.map(({ name, value }, k): Port => {
    const out = outs[k];
    bring(lowering, tensorOf(bound, value), out, main);
    return { name, dtype: out.dtype, dims: out.dims, buffer: out.place.buffer };
  });
  for (const name of finite) {
    const port = outputs.find((output) => output.name === name);
    if (port !== undefined && isFloat(port.dtype))
      lowering.append(main, finiteStep(port, sites.push({ stops: "finite", output: name }) - 1));
  }
  // State advances last of all, so that a run that is stopped leaves it as it was.
  lowering.append(main, { kind: "commit" });
  for (const { param, next } of graph.state) {
    const to = inputs.find((port) => port.name === param);
    const from = outputs.find((port) => port.name === next);
    if (to === undefined || from === undefined || kept.get(next) === param) continue;
    const whole = ({ dtype, dims, buffer: memory }: Port): StoredTensor =>
      stored(dtype, dims, { buffer: memory, offset: 0, perStep: [] }, main);
    lowering.copy(whole(from), whole(to), main);
  }
  return { main, buffers, inputs, outputs, sites, isObserved: observer !== undefined, constants };
}
