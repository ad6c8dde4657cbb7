// The encoder-decoder of this package, trained for shorter sequences, says them backwards without being told what it should have said.
import { openTask, readExperiment, train } from "@latchgrad/optim";
import { expect, test } from "vitest";
import { decodeGreedily, modelDocument } from "../src/index";

test("what was read is said backwards, with the end in its place", async () => {
  const document = modelDocument("reverse");
  const task = { type: "transduction", rule: "reverse", shortest: 1, longest: 4 } as const;
  const { stopWhen: _, ...training } = document.training;
  const experiment = readExperiment({ ...document, task, training: { ...training, steps: 500 } });
  for await (const event of train(experiment)) {
    if (event.kind !== "done") continue;
    const { config, model } = experiment;
    const opened = await openTask(config.task, { seed: config.training.seed, dtype: config.dtype });
    const { x, lengths, y } = await opened.batch("test", 0, 100);
    const said = await decodeGreedily({ model, weights: event.weights, inputs: { x, lengths }, steps: 5 });
    const rows = Array.from({ length: 100 }, (_row, b) => {
      const end = lengths.data[b] + 1;
      return said.data.slice(b * 5, b * 5 + end).join() === y.data.slice(b * 5, b * 5 + end).join();
    });
    expect(rows.filter((isRight) => isRight).length).toBeGreaterThan(90);
  }
});
