/** Which values of a model are at the ends of what they can be before it is trained: there, little gradient flows. */
import { evaluate, inspectLoops, traceGraph, type Graph, type Tensor, type Tensors } from "@latchgrad/core";

export interface SaturatedValue {
  /** Name of the loop. */
  readonly layer: string;
  readonly value: string;
  readonly bounds: readonly [least: number, greatest: number];
  /** Of its elements, how many are within a hundredth of the range from an end: 0 to 1. */
  readonly share: number;
}

/** An element nearer to an end, as a share of the range, passes less than a twentieth of the largest gradient of sigmoid and tanh. */
const NEAR = 0.01;
/** A value is told of when more of its elements than this are near an end. */
const MOST = 0.5;

/** Named values in loops, such as gates, most of whose elements are at an end of their range. Elements beyond an example's length do not count. */
export function saturatedValues(graph: Graph, inputs: Tensors): readonly SaturatedValue[] {
  const { graph: inspected, loops } = inspectLoops(graph);
  const bounded = loops.flatMap(({ name, lengths, values }) =>
    values.flatMap(({ name: value, path, bounds }) =>
      bounds !== undefined && bounds.every(Number.isFinite) && bounds[0] < bounds[1]
        ? [{ layer: name, value, path, bounds, lengths: lengths === undefined ? undefined : inputs[lengths] }]
        : [],
    ),
  );
  if (bounded.length === 0) return [];
  const traced = traceGraph(
    inspected,
    bounded.map(({ path }) => path),
  );
  const values = evaluate(traced, Object.fromEntries(traced.params.map(({ name }) => [name, inputs[name]])));
  return bounded.flatMap(({ layer, value, path, bounds, lengths }) => {
    const share = shareAtEnds(values[`trace.${path}`], bounds, lengths);
    return share > MOST ? [{ layer, value, bounds, share }] : [];
  });
}

/** Of a stack [T, B, ...], the share of elements near an end. */
function shareAtEnds({ type, data }: Tensor, [least, greatest]: SaturatedValue["bounds"], lengths?: Tensor): number {
  const [steps, batch] = type.dims as readonly number[];
  const size = data.length / Math.max(1, steps * batch);
  const margin = NEAR * (greatest - least);
  let [near, all] = [0, 0];
  data.forEach((element, i) => {
    const row = Math.floor(i / size);
    if (lengths !== undefined && Math.floor(row / batch) >= lengths.data[row % batch]) return;
    all++;
    if (element <= least + margin || element >= greatest - margin) near++;
  });
  return all === 0 ? 0 : near / all;
}
