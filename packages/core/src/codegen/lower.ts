/**
 * Lowering: from a graph without symbols to a program. Views become strides,
 * elementwise nodes become fused loops, contractions and reductions calls of
 * kernels, scans loops over blocks. What a loop needs in another layout is
 * copied once in front of it when it does not change inside.
 */
import type { Kernel as KernelSpec, LaneFunction } from "../kernel/kernel.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { opNamed } from "../ops/index.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import type { DType, TensorType } from "../shape/tensor-type.js";
import { contractSteps } from "./lower-contract.js";
import type { Lowering } from "./lowering.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { writeLoops } from "./loops.js";
import { writeMap, type MapKernel, type MapOutput, type Walk } from "./map.js";
import type { Block, Buffer, Kernel, Loop, Place, Port, Program, Site } from "./program.js";
import { writeReduce, type ReduceKernel } from "./reduce.js";
import { findGroups, kernelOf, type Group } from "./stages.js";
import type { LaneCall } from "./vectorizable.js";
import { isContiguous, rowOf, shiftPlace, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

const identity: LaneFunction = (_, x) => x;

/** A program for `graph`, whose symbols are bound and whose scans have no lengths. */
export function lower(graph: Graph, precision: Precision): Program {
  const main: Block = { parent: undefined, loop: undefined, steps: [] };
  const buffers: Buffer[] = [];
  const copies = new Map<string, StoredTensor>();

  function buffer(bytes: number, home: Block, persistent = false): Buffer {
    const made = { id: buffers.length, bytes: Math.max(bytes, 4), home, persistent };
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
  const lowering: Lowering = {
    precision,
    siteOf({ op, names, origin }) {
      sites.push({ op, text: `%${names[0]} = ${op}(...)`, origin });
      return sites.length - 1;
    },
    allocate({ dtype, dims }, block) {
      const place: Place = { buffer: buffer(elementCount(dims) * BYTES[dtype], block), offset: 0, perStep: [] };
      return stored(dtype, dims, place, block);
    },
    append: (block, step) => {
      block.steps.push(step);
    },
    contiguous(tensor, block) {
      if (tensor.kind === "stored" && isContiguous(tensor)) return tensor;
      // A splat belongs to no block; what is stored can be copied where it was made, in front of the loops that read it.
      const home = tensor.kind === "stored" ? tensor.block : main;
      const key =
        tensor.kind === "stored"
          ? JSON.stringify([
              tensor.place.buffer.id,
              tensor.place.offset,
              tensor.place.perStep.map(({ bytes }) => bytes),
              tensor.dims,
              tensor.strides,
            ])
          : JSON.stringify([tensor.dtype, tensor.dims, String(tensor.value)]);
      const known = copies.get(key);
      if (known !== undefined && known.block === home) return known;
      const copy = lowering.allocate(tensor, home);
      lowering.copy(tensor, copy, home);
      copies.set(key, copy);
      void block;
      return copy;
    },
    copy(from, to, block) {
      mapStep(lowering, block, to.dims, [from], [{ lane: identity, key: "copy", args: [0] }], [{ value: 1, to }]);
    },
  };

  const bound = new Map<ValueId, Tensor>();
  const inputs = graph.params.map(({ name, type }, id): Port => {
    const dims = sizesOf(type);
    const memory = buffer(elementCount(dims) * BYTES[type.dtype], main, true);
    bound.set(id, stored(type.dtype, dims, { buffer: memory, offset: 0, perStep: [] }, main));
    return { name, dtype: type.dtype, dims, buffer: memory };
  });
  lowerGraph(lowering, graph, bound, main, new Map());
  const outputs = graph.outputs.map(({ name, value }): Port => {
    const tensor = tensorOf(bound, value);
    // Outputs get memory of their own, so that one tensor may leave under several names and inputs are never handed out.
    const out = lowering.allocate(tensor, main);
    lowering.copy(tensor, out, main);
    return { name, dtype: out.dtype, dims: out.dims, buffer: out.place.buffer };
  });
  // State advances last of all, so that a run that is stopped leaves it as it was.
  for (const { param, next } of graph.state) {
    const to = inputs.find((port) => port.name === param);
    const from = outputs.find((port) => port.name === next);
    if (to === undefined || from === undefined) continue;
    const whole = ({ dtype, dims, buffer: memory }: Port): StoredTensor =>
      stored(dtype, dims, { buffer: memory, offset: 0, perStep: [] }, main);
    lowering.copy(whole(from), whole(to), main);
  }
  return { main, buffers, inputs, outputs, sites };
}

const tensorOf = (bound: ReadonlyMap<ValueId, Tensor>, id: ValueId): Tensor => bound.get(id) as Tensor;

interface FusedNode extends LaneCall {
  /** Tells lane functions apart. */
  readonly key: string;
}

/** Appends one fused loop. Splats among the inputs become constants in the loop. */
function mapStep(
  lowering: Lowering,
  block: Block,
  dims: readonly number[],
  inputs: readonly Tensor[],
  nodes: readonly FusedNode[],
  outputs: readonly { readonly value: number; readonly to: StoredTensor }[],
): void {
  const read = inputs.filter((input) => input.kind === "stored");
  const splats = inputs.filter((input) => input.kind === "splat");
  // Values are numbered anew: stored inputs, then constants, then nodes.
  let nextRead = 0;
  let nextSplat = read.length;
  const renumbered = inputs.map((input) => (input.kind === "stored" ? nextRead++ : nextSplat++));
  const numberOf = (value: number): number => (value < inputs.length ? renumbered[value] : value);
  const constants = splats.map(({ dtype, value }): FusedNode => ({
    lane: (k) => k.constant(dtype, value),
    key: `${dtype} ${Object.is(value, -0) ? "-0" : String(value)}`,
    args: [],
  }));
  const all = [...constants, ...nodes.map((node) => ({ ...node, args: node.args.map(numberOf) }))];
  const kernel: MapKernel = {
    dims,
    inputs: read.map(({ dtype, strides }): Walk => ({ dtype, strides })),
    nodes: all,
    outputs: outputs.map(({ value, to }): MapOutput => ({
      dtype: to.dtype,
      strides: to.strides,
      value: numberOf(value),
    })),
  };
  const { precision } = lowering;
  const key = `map ${JSON.stringify([kernel.dims, kernel.inputs, all.map((node) => [node.key, node.args]), kernel.outputs])}`;
  lowering.append(block, {
    kind: "call",
    kernel: {
      key,
      arity: read.length + outputs.length,
      write: (code) => {
        writeMap(code, kernel, precision);
      },
    },
    args: [...read.map((tensor) => tensor.place), ...outputs.map(({ to }) => to.place)],
  });
}

const laneKey = (node: Node): string => `${node.op}${JSON.stringify(node.attrs)}${node.types[0].dtype}`;

/** Results that someone outside wants at a place of their own: rows of stacks that a loop fills. */
type Destinations = ReadonlyMap<ValueId, StoredTensor>;

/** Lowers all nodes of a graph into a block; adds the tensors of its values to `bound`. */
function lowerGraph(
  lowering: Lowering,
  graph: Graph,
  bound: Map<ValueId, Tensor>,
  block: Block,
  destinations: Destinations,
): void {
  const kernels = new Map(graph.nodes.map((node) => [node, kernelOf(node, graph)]));
  const readers = readersOf(graph);
  const target = (id: ValueId, type: TensorType): StoredTensor =>
    destinations.get(id) ?? lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block);

  const fuse = (group: Group): void => {
    const members = new Map(group.map((node, i) => [node.id, i]));
    const inputIds = [...new Set(group.flatMap((node) => node.inputs).filter((id) => !members.has(id)))];
    const numberOf = (id: ValueId): number => {
      const member = members.get(id);
      return member === undefined ? inputIds.indexOf(id) : inputIds.length + member;
    };
    const wanted = group.filter(
      (node) =>
        readers.outputs.has(node.id) || (readers.byValue.get(node.id) ?? []).some((reader) => !members.has(reader)),
    );
    const outputs = wanted.map((node) => ({ value: numberOf(node.id), to: target(node.id, node.types[0]) }));
    mapStep(
      lowering,
      block,
      sizesOf(group[0].types[0]),
      inputIds.map((id) => tensorOf(bound, id)),
      group.map((node): FusedNode => ({
        lane: (kernels.get(node) as KernelSpec & { readonly kind: "map" }).lane,
        key: laneKey(node),
        args: node.inputs.map(numberOf),
      })),
      outputs,
    );
    wanted.forEach((node, i) => bound.set(node.id, outputs[i].to));
  };

  for (const group of findGroups(graph, kernels)) {
    const [node] = group;
    const kernel = kernels.get(node);
    if (kernel === undefined) lowerRegion(lowering, node, bound, block);
    else if (kernel.kind === "map") fuse(group);
    else {
      const operands = node.inputs.map((id) => tensorOf(bound, id));
      bound.set(
        node.id,
        lowerKernel(lowering, node, kernel, operands, block, () => target(node.id, node.types[0])),
      );
    }
  }
}

function readersOf(graph: Graph): {
  readonly byValue: ReadonlyMap<ValueId, readonly ValueId[]>;
  readonly outputs: ReadonlySet<ValueId>;
} {
  const byValue = new Map<ValueId, ValueId[]>();
  for (const node of graph.nodes)
    for (const id of node.inputs) {
      const readers = byValue.get(id);
      if (readers === undefined) byValue.set(id, [node.id]);
      else readers.push(node.id);
    }
  return { byValue, outputs: new Set(graph.outputs.map((output) => output.value)) };
}

function call(lowering: Lowering, block: Block, kernel: Kernel, args: readonly Place[]): void {
  lowering.append(block, { kind: "call", kernel, args });
}

function lowerKernel(
  lowering: Lowering,
  node: Node,
  kernel: Exclude<KernelSpec, { readonly kind: "map" }>,
  operands: readonly Tensor[],
  block: Block,
  target: () => StoredTensor,
): Tensor {
  const [type] = node.types;
  const dims = sizesOf(type);
  const { precision } = lowering;
  switch (kernel.kind) {
    case "constant": {
      const [first = 0] = kernel.data;
      if (kernel.data.every((value) => Object.is(value, first)))
        return { kind: "splat", dtype: type.dtype, dims, value: first };
      const out = target();
      const { data } = kernel;
      const write: Kernel["write"] = (code) => {
        writeLoops(code, [], type.dtype, 0, ({ lanes, write: put }) => {
          data.forEach((value, i) => {
            put(lanes.constant("i32", i), lanes.constant(type.dtype, value));
          });
        });
      };
      call(
        lowering,
        block,
        {
          key: `constant ${type.dtype} ${data.map((v) => (Object.is(v, -0) ? "-0" : String(v))).join()}`,
          arity: 1,
          write,
        },
        [out.place],
      );
      return out;
    }
    case "view":
      return viewOf(operands[0], kernel.starts, kernel.reads, dims);
    case "reshape": {
      const [x] = operands;
      if (x.kind === "splat") return { ...x, dims };
      return { ...lowering.contiguous(x, block), dims, strides: stridesOf(dims) };
    }
    case "place": {
      const out = target();
      const fill = kernel.fill === undefined ? undefined : operands[kernel.fill];
      if (fill !== undefined)
        lowering.copy(
          viewOf(
            fill,
            [],
            dims.map(() => "repeat"),
            dims,
          ),
          out,
          block,
        );
      kernel.placements.forEach(({ low, spacing }, i) => {
        const start = low.reduce((sum, at, axis) => sum + at * out.strides[axis], 0);
        const part: StoredTensor = {
          ...out,
          dims: operands[i].dims,
          place: shiftPlace(out.place, start * BYTES[out.dtype]),
          strides: spacing.map((by, axis) => by * out.strides[axis]),
        };
        lowering.copy(operands[i], part, block);
      });
      return out;
    }
    case "reduce": {
      const x = operands[0].kind === "splat" ? lowering.contiguous(operands[0], block) : operands[0];
      const pick = (wanted: boolean): ReduceKernel["kept"] => {
        const axes = x.dims.map((_, axis) => axis).filter((axis) => kernel.axes.includes(axis) !== wanted);
        return { dims: axes.map((axis) => x.dims[axis]), strides: axes.map((axis) => x.strides[axis]) };
      };
      const out = target();
      const reduce: ReduceKernel = {
        dtype: type.dtype,
        kept: pick(true),
        reduced: pick(false),
        initial: kernel.initial,
        combine: kernel.combine,
      };
      const key = `reduce ${node.op} ${String(kernel.initial)} ${JSON.stringify([reduce.dtype, reduce.kept, reduce.reduced])}`;
      call(
        lowering,
        block,
        {
          key,
          arity: 2,
          write: (code) => {
            writeReduce(code, reduce, precision);
          },
        },
        [x.place, out.place],
      );
      return out;
    }
    case "contract": {
      const out = target();
      contractSteps(lowering, kernel, operands[0], operands[1], out, block);
      return out;
    }
    case "update":
    case "loops": {
      const arrays = operands.map((operand) => lowering.contiguous(operand, block));
      const out = target();
      if (kernel.kind === "update") lowering.copy(operands[0], out, block);
      const site = lowering.siteOf(node);
      const key = `loops ${node.op} ${site} ${JSON.stringify([node.attrs, arrays.map(({ dtype, dims: sizes }) => [dtype, sizes]), type])}`;
      const write: Kernel["write"] = (code) => {
        writeLoops(
          code,
          arrays.map(({ dtype }) => dtype),
          type.dtype,
          site,
          kernel.write,
        );
      };
      call(lowering, block, { key, arity: arrays.length + 1, write }, [...arrays.map(({ place }) => place), out.place]);
      return out;
    }
    default:
      return kernel satisfies never;
  }
}

function lowerRegion(lowering: Lowering, node: Node, bound: Map<ValueId, Tensor>, block: Block): void {
  const op = opNamed(node.op);
  if (op.kind !== "region") return;
  const inputs = node.inputs.map((id) => tensorOf(bound, id));
  const [region] = node.regions;
  const shape = op.structure(inputs.length, node.attrs);
  if (shape.kind === "inline") {
    const inner = new Map<ValueId, Tensor>(inputs.map((tensor, id) => [id, tensor]));
    lowerGraph(lowering, region, inner, block, new Map());
    region.outputs.forEach(({ value }, k) => bound.set(node.id + k, tensorOf(inner, value)));
    return;
  }
  const body: Block & { loop: Loop | undefined } = { parent: block, loop: undefined, steps: [] };
  const loop: Loop = { count: shape.count as number, reverse: shape.reverse, body };
  body.loop = loop;
  const { consts, carries } = shape;
  const state = inputs.slice(consts, consts + carries).map((initial) => {
    const held = lowering.allocate(initial, block);
    lowering.copy(initial, held, block);
    return held;
  });
  const xs = inputs
    .slice(consts + carries)
    .map((x) => (x.kind === "splat" ? { ...x, dims: x.dims.slice(1) } : rowOf(x, loop)));
  const index = { ...lowering.allocate({ dtype: "i32", dims: [] }, block), block: body };
  const inner = new Map<ValueId, Tensor>();
  [...inputs.slice(0, consts), ...state.map((held) => ({ ...held, block: body })), ...xs, index].forEach((tensor, id) =>
    inner.set(id, tensor),
  );
  if (
    readersOf(region).byValue.has(region.params.length - 1) ||
    region.outputs.some(({ value }) => value === region.params.length - 1)
  )
    lowering.append(body, { kind: "index", loop, place: index.place });

  const stacks = node.types
    .slice(carries)
    .map((type) => lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block));
  const destinations = new Map<ValueId, StoredTensor>();
  region.outputs.slice(carries).forEach(({ value }, j) => {
    if (value >= region.params.length && !destinations.has(value)) destinations.set(value, rowOf(stacks[j], loop));
  });
  lowerGraph(lowering, region, inner, body, destinations);

  region.outputs.slice(carries).forEach(({ value }, j) => {
    const tensor = tensorOf(inner, value);
    const row = rowOf(stacks[j], loop);
    if (tensor.kind === "stored" && samePlace(tensor, row)) return;
    lowering.copy(tensor, row, body);
  });
  // A next carry may be another carry of this step, so all are read before any is written.
  const next = region.outputs.slice(0, carries).map(({ value }, i): Tensor => {
    const tensor = tensorOf(inner, value);
    const overlaps =
      tensor.kind === "stored" &&
      state.some((held, k) => held.place.buffer === tensor.place.buffer && (k !== i || !samePlace(tensor, held)));
    if (!overlaps) return tensor;
    const kept = lowering.allocate(tensor, body);
    lowering.copy(tensor, kept, body);
    return kept;
  });
  next.forEach((tensor, i) => {
    if (tensor.kind === "stored" && samePlace(tensor, state[i])) return;
    lowering.copy(tensor, state[i], body);
  });
  lowering.append(block, { kind: "loop", loop });
  [...state, ...stacks].forEach((tensor, k) => bound.set(node.id + k, { ...tensor, block }));
}

const samePlace = (a: StoredTensor, b: StoredTensor): boolean =>
  a.place.buffer === b.place.buffer &&
  a.place.offset === b.place.offset &&
  a.strides.every((stride, axis) => stride === b.strides[axis] || a.dims[axis] === 1) &&
  JSON.stringify(a.place.perStep.map(({ bytes }) => bytes)) ===
    JSON.stringify(b.place.perStep.map(({ bytes }) => bytes));
