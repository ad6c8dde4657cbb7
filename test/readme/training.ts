import { readExperiment, train } from "@latchgrad/optim";

// The document could as well come from JSON.parse. A mistake in it is a ConfigError that says where and what.
const experiment = readExperiment({
  format: 1,
  name: "short-adding",
  task: { type: "adding", length: 10 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 8 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: 0.02 },
    batch: 32,
    steps: 200,
    seed: "readme",
    evaluate: { every: 100 },
  },
});

for await (const event of train(experiment)) {
  if (event.kind === "evaluation") console.log("step", event.step, "validation loss", event.loss.toFixed(3));
  if (event.kind !== "done") continue;
  console.log("test loss", event.evaluation?.loss.toFixed(3), "baseline", event.evaluation?.baseline?.value.toFixed(3));
  console.log("weights", Object.keys(event.weights).join(" "));
}
