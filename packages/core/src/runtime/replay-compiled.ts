/** Runs a graph once as compiled code that stops at nothing and computes every node by itself, for a finder. */
import { lower } from "../codegen/lower.js";
import { writeModule } from "../codegen/module.js";
import type { Observer } from "../codegen/observer.js";
import { planMemory } from "../codegen/plan-memory.js";
import type { Block, Loop, Place } from "../codegen/program.js";
import type { Precision } from "../codegen/lanes-target.js";
import type { Tensor as Lowered } from "../codegen/tensors.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { elementCount, forEachOffset } from "../shape/strides.js";
import type { TensorData } from "../shape/tensor-data.js";
import { isFloat } from "../shape/tensor-type.js";
import type { Execution, Seen } from "./finder.js";
import type { Replay } from "./locate.js";
import { MOST_BYTES, put, viewOf } from "./views.js";

/** A node and the tensors that a finder wants to see of it. */
interface Site {
  readonly graph: Graph;
  readonly node: Node;
  readonly block: Block;
  readonly operands: readonly Slot[];
  readonly results: readonly Slot[];
}

/** A tensor of a site, and its address when the site was last reached. */
interface Slot {
  readonly tensor: Lowered;
  address: number;
}

/** `valueOf`: inputs and state of the run that failed, by parameter. */
export const replayCompiled =
  (precision: Precision, valueOf: (param: string) => TensorData): Replay =>
  async (graph, finder) => {
    const sites = observeSites();
    const program = lower(graph, precision, { observer: sites.observer });
    const plan = planMemory(program);
    // Without fusion there are more tensors at a time; what does not fit cannot be looked for in this way.
    if (plan.bytes > MOST_BYTES) return;
    const addressOf = (place: Place): number => plan.addresses[place.buffer.id] + place.offset;
    const { bytes, pages } = writeModule(program, plan);
    const memory = new WebAssembly.Memory({ initial: pages });
    const probe = (id: number, address: number): void => {
      const site = sites.reach(id, address);
      if (site !== undefined) finder.see(executionOf(memory, site, sites.loops, addressOf));
    };
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory, probe } });
    for (const { port, data } of program.constants) viewOf(memory, plan, port).array.set(data);
    const given = graph.params.map(({ name }) => valueOf(name));
    program.inputs.forEach((port, i) => {
      put(viewOf(memory, plan, port), given[i]);
    });
    finder.begin(given.map(({ dtype, dims, data }): Seen => ({ type: { dtype, dims }, data: () => data })));
    for (const site of sites.constants)
      finder.see({ ...executionOf(memory, site, sites.loops, addressOf), steps: () => [] });
    (instance.exports.run as () => void)();
  };

interface Sites {
  readonly observer: Observer;
  readonly loops: ReadonlyMap<Loop, { readonly name: string; readonly index: Place }>;
  /** Those whose results are numbers in the code, so that nothing is there to be probed. */
  readonly constants: readonly Site[];
  /** Takes note of an address; gives the site when it is the last one of it. */
  reach(id: number, address: number): Site | undefined;
}

/** An observer that puts probes behind every node: one for each float that is in memory, the results last. */
function observeSites(): Sites {
  const constants: Site[] = [];
  const probes: { readonly site: Site; readonly slot: Slot; readonly isLast: boolean }[] = [];
  const loops = new Map<Loop, { readonly name: string; readonly index: Place }>();
  const slotsOf = (ids: readonly ValueId[], tensorOf: (id: ValueId) => Lowered | undefined): readonly Slot[] =>
    ids.flatMap((id) => {
      const tensor = tensorOf(id);
      return tensor === undefined ? [] : [{ tensor, address: 0 }];
    });
  const observer: Observer = {
    apart: true,
    enter: () => undefined,
    leave(graph, [node], block, tensorOf) {
      const operands = slotsOf(node.inputs, tensorOf);
      const results = slotsOf(
        node.types.map((_, k) => node.id + k),
        tensorOf,
      );
      const site: Site = { graph, node, block, operands, results };
      const slots = [...operands, ...results].filter(({ tensor }) => tensor.kind === "stored" && isFloat(tensor.dtype));
      if (results.every(({ tensor }) => tensor.kind === "splat")) {
        constants.push(site);
        return;
      }
      slots.forEach((slot, i) => {
        if (slot.tensor.kind !== "stored") return;
        const id = probes.push({ site, slot, isLast: i === slots.length - 1 }) - 1;
        block.steps.push({ kind: "probe", id, place: slot.tensor.place });
      });
    },
    appended: () => undefined,
    loop(loop, _, node, index) {
      loops.set(loop, { name: node.names[0], index });
    },
  };
  return {
    observer,
    loops,
    constants,
    reach(id, address) {
      const { site, slot, isLast } = probes[id];
      slot.address = address;
      return isLast ? site : undefined;
    },
  };
}

function executionOf(
  memory: WebAssembly.Memory,
  { graph, node, block, operands, results }: Site,
  loops: Sites["loops"],
  addressOf: (place: Place) => number,
): Execution {
  const see = (slot: Slot): Seen => seenIn(memory, slot);
  return {
    graph,
    node,
    operands: operands.map(see),
    results: results.map(see),
    steps() {
      const steps = [];
      for (let at: Block | undefined = block; at !== undefined; at = at.parent) {
        const loop = at.loop === undefined ? undefined : loops.get(at.loop);
        if (loop === undefined) continue;
        steps.unshift({ loop: loop.name, step: new Int32Array(memory.buffer, addressOf(loop.index), 1)[0] });
      }
      return steps;
    },
  };
}

function seenIn(memory: WebAssembly.Memory, { tensor, address }: Slot): Seen {
  const { dtype, dims } = tensor;
  return {
    type: { dtype, dims },
    data() {
      const count = elementCount(dims);
      const Elements = dtype === "f64" ? Float64Array : Float32Array;
      const data = new Elements(count);
      if (tensor.kind === "splat") return data.fill(tensor.value);
      const array = new Elements(memory.buffer);
      // A copy: the next nodes may write over it.
      forEachOffset(dims, tensor.strides, address / Elements.BYTES_PER_ELEMENT, (flat, offset) => {
        data[flat] = array[offset];
      });
      return data;
    },
  };
}
