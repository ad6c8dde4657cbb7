/** Graphs and tensors of f64 as ones of f32, for the compiled executor. */
import { graphFromJson } from "../src/graph/deserialize.js";
import type { Tensors } from "../src/graph/evaluate.js";
import { graphToJson } from "../src/graph/serialize.js";
import type { Graph } from "../src/ir/graph.js";
import type { Tensor } from "../src/shape/tensor.js";

/** The same graph with f32 in place of f64. */
export const graphInF32 = (graph: Graph): Graph =>
  graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph)).replaceAll('"f64', '"f32')));

const tensorInF32 = ({ type, data }: Tensor): Tensor =>
  type.dtype === "f64" ? { type: { dtype: "f32", dims: type.dims }, data: data.map(Math.fround) } : { type, data };

export const tensorsInF32 = (tensors: Iterable<readonly [string, Tensor]>): Tensors =>
  Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensorInF32(tensor)]));
