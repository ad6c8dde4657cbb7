// Every model of this package is what it says: it can be read, and it learns for a few steps in a reduced size.
import { filesBeside } from "@latchgrad/cli";
import { readExperiment, train, type ExperimentDocument, type StepEvent, type TrainingEvent } from "@latchgrad/optim";
import { Ajv } from "ajv";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { modelDocument, models, type ModelName } from "../src/index";

const names = Object.keys(models) as ModelName[];

/** The same model on shorter sequences, smaller batches and few steps. */
function reduced(document: ExperimentDocument): ExperimentDocument {
  const { task, training } = document;
  const { stopWhen: _, ...rest } = training;
  return {
    ...document,
    task: "length" in task ? { ...task, length: 6 } : task,
    training: { ...rest, batch: 2, steps: 3, evaluate: { every: 3, batches: 1 } },
  };
}

async function eventsOf(name: ModelName): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  const experiment = readExperiment(reduced(modelDocument(name)));
  for await (const event of train(experiment, { openFile: filesBeside(models[name]) })) events.push(event);
  return events;
}

test("every document in the folder is listed under its own name", () => {
  const folder = dirname(models[names[0]]);
  expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.json`).sort());
  for (const name of names) expect(readExperiment(modelDocument(name)).config.name).toBe(name);
});

describe.each(names)("%s", (name) => {
  test("trains, and is compared with a baseline", async () => {
    const events = await eventsOf(name);
    const losses = events.filter((event): event is StepEvent => event.kind === "step").map(({ loss }) => loss);
    expect(losses).toHaveLength(3);
    expect(losses.every(Number.isFinite)).toBe(true);
    const done = events.at(-1);
    expect(done?.kind === "done" && done.evaluation?.baseline).toMatchObject({ value: expect.any(Number) as number });
  });

  test("is right for an editor, which knows nothing but the published schema", () => {
    const document = modelDocument(name);
    const schema = JSON.parse(readFileSync(resolve(dirname(models[name]), document.$schema ?? ""), "utf8")) as object;
    const accepts = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
    expect(accepts(document), JSON.stringify(accepts.errors)).toBe(true);
    const [first] = document.layers;
    expect(accepts({ ...document, layers: [{ ...first, unit: 3 }] })).toBe(false);
    expect(accepts({ ...document, task: { ...document.task, lenght: 3 } })).toBe(false);
    const { training } = document;
    expect(accepts({ ...document, training: { ...training, groups: [{ weight: "**", learningRate: 1 }] } })).toBe(
      false,
    );
  });

  test("leads editors to its schema, which lies in the package next to this one", () => {
    const schema = modelDocument(name).$schema ?? "";
    expect(basename(schema)).toBe("experiment-1.json");
    expect(existsSync(resolve(dirname(models[name]), schema))).toBe(true);
  });
});

test("the adding models differ in nothing but the cell", () => {
  const [lstm, ...others] = (["adding-lstm", "adding-gru", "adding-rnn"] as const).map((name) =>
    JSON.stringify(modelDocument(name)).replaceAll(name.replace("adding-", ""), "cell"),
  );
  for (const other of others) expect(other).toBe(lstm);
});
