/** Whether the equations of a document are those that JAX has, by their loss and its gradients. */
import { compile, gradient, gradientName, type TensorData } from "@latchgrad/core";
import { adamStep, SEED } from "../latchgrad.ts";
import type { Nested, PeerProcess } from "../peers/peer-process.ts";
import { batchOf, type Sizes } from "../workload.ts";
import { ownName, shapesOf, untunedModel } from "./cells.ts";

/** Small, for it is not timed; no two alike, so that no axis can stand for another. A layer norm over two units would be all but constant, and its gradient noise. */
const SIZES: Sizes = { T: 6, B: 3, H: 32 };

function nested({ dims, data }: TensorData): Nested {
  const partOf = (axis: number, first: number): Nested => {
    if (axis === dims.length) return data[first];
    const size = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: dims[axis] }, (_, i) => partOf(axis + 1, first + i * size));
  };
  return partOf(0, 0);
}

/** Of the largest element of all gradients: below, a gradient is what rounding left of 0, as that of a bias which a cell normalizes away. */
const LEAST_PART = 1e-3;

/** The largest difference of loss and gradients, each as a part of the largest element of its tensor. */
export async function differenceFrom(peer: PeerProcess, cell: string): Promise<number> {
  const model = untunedModel(cell, SIZES);
  const names = model.params.map(({ name }) => name);
  const state = adamStep(model).initialState(SEED);
  const batch = batchOf(SIZES);
  const executable = await compile(gradient(model.graph("train"), { of: "loss", wrt: names }));
  const weights = Object.fromEntries(names.map((name) => [name, state[name]]));
  const ours = await executable.run({ ...weights, ...batch });
  executable.dispose();
  const theirs = await peer.gradients({
    cell,
    weights: Object.fromEntries(names.map((name) => [ownName(name), nested(state[name])])),
    states: shapesOf(model).states,
    x: nested(batch["x"]),
    y: nested(batch["y"]),
  });
  const largestOf = (elements: readonly number[]): number => Math.max(...elements.map(Math.abs));
  const least = LEAST_PART * Math.max(...Object.values(theirs.gradients).map(largestOf));
  const differences = names.map((name) => {
    const [mine, other] = [Array.from(ours[gradientName(name)].data, Number), theirs.gradients[ownName(name)]];
    const largest = Math.max(largestOf(other), least);
    return Math.max(...other.map((value, i) => Math.abs(value - mine[i]))) / largest;
  });
  const [loss] = ours["loss"].data;
  return Math.max(Math.abs(Number(loss) - theirs.loss) / theirs.loss, ...differences);
}
