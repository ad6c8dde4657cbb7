/** Cells that nobody tuned for: documents of equations, as a user writes them, and how much work their products are. */
import { bindGraph, f32, ops, optimize, valueTypes, type AnyOp, type DotAttrs, type Graph } from "@latchgrad/core";
import { buildModel, readModelConfig, type Model, type ModelDocument } from "@latchgrad/layers";
import { readdirSync, readFileSync } from "node:fs";
import { adamStep } from "../latchgrad.ts";
import type { Shapes } from "../peers/peer-process.ts";
import type { Sizes } from "../workload.ts";

// The bundle is one folder deeper than the package.
const folder = new URL("../untuned/documents/", import.meta.url);
const ENDING = ".json";

export const cellNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();

type CellDocument = NonNullable<ModelDocument["cells"]>[string];

const LAYER = "memory";

/** The model as a user writes it: one recurrent layer of the cell, all its outputs, mean squared error. */
export function untunedModel(name: string, { H }: Sizes): Model {
  const cell = JSON.parse(readFileSync(new URL(`${name}${ENDING}`, folder), "utf8")) as CellDocument;
  const document: ModelDocument = {
    format: 1,
    name,
    cells: { [name]: cell },
    layers: [{ name: LAYER, type: "recurrent", cell: { type: name, units: H }, output: "sequence" }],
    loss: { type: "meanSquaredError" },
  };
  return buildModel(readModelConfig(document), { inputs: { x: f32("B", "T", H) }, targets: { y: f32("B", "T", H) } });
}

/** The name that a document has for a weight or a state of the layer. */
export const ownName = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** Shapes of weights and states of one example, by the names of the document. */
export const shapesOf = (model: Model): Shapes => ({
  weights: Object.fromEntries(model.params.map(({ name, type }) => [ownName(name), type.dims.map(Number)])),
  states: Object.fromEntries(
    model
      .graphOfParts("train")
      .carries.filter(({ name }) => name.includes(`${LAYER}.`))
      .map(({ name, type }) => [ownName(name), type.dims.slice(1).map(Number)]),
  ),
});

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Multiply-adds of the products in a graph without symbols; of a loop's body as often as it runs. */
function multiplyAddsIn(graph: Graph): number {
  const types = valueTypes(graph);
  const all: Readonly<Record<string, AnyOp>> = ops;
  let sum = 0;
  for (const node of graph.nodes) {
    const op = all[node.op];
    if (node.op === ops.dotGeneral.name) {
      const [x] = node.inputs.map((id) => types[id].dims.map(Number));
      const { contractX } = node.attrs as DotAttrs;
      sum += product(node.types[0].dims.map(Number)) * product(contractX.map((axis) => x[axis]));
    }
    if (op.kind !== "region") continue;
    const structure = op.structure(node.inputs.length, node.attrs);
    const times = structure.kind === "loop" ? Number(structure.count) : 1;
    for (const region of node.regions) sum += times * multiplyAddsIn(region);
  }
  return sum;
}

/** Multiply-adds of the products of a training step, as the equations and their derivative have them. */
export const multiplyAddsOf = (model: Model, { T, B }: Sizes): number =>
  multiplyAddsIn(bindGraph(optimize(adamStep(model).graph), { T, B }));
