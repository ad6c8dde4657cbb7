import { evaluate, f64, toTensor, type Tensor } from "@latchgrad/core";
import { buildModel, describeModel, initialParams, readModelConfig } from "@latchgrad/layers";

const config = readModelConfig({
  format: 1,
  name: "sum",
  dtype: "f64",
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
});
const model = buildModel(config, { inputs: { x: f64("B", "T", 2) }, targets: { y: f64("B", 1) } });
console.log(describeModel(model).parameters, "parameters");

const inputs: Record<string, Tensor> = { x: { type: f64(1, 3, 2), data: new Float64Array(6).fill(0.5) } };
for (const [name, values] of Object.entries(initialParams(model, "any seed"))) inputs[name] = toTensor(values);
const { prediction } = evaluate(model.graph("predict"), inputs);
console.log(prediction.type.dims.join(" x "), prediction.data[0].toFixed(4));
