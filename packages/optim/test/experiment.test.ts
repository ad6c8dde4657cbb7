import { LatchgradError } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { readExperiment } from "../src/experiment.js";
import { tinyAdding } from "./documents.js";

/** Code and place of every problem of a document. */
function problemsOf(document: unknown): readonly string[] {
  try {
    readExperiment(document);
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    return error.issues.map(({ code, at }) => `${code} ${at.kind === "config" ? at.pointer : at.kind}`);
  }
  return [];
}

const document = tinyAdding();

test("a good document is read, with defaults filled in", () => {
  const { config, model } = readExperiment(document);
  expect(config.task).toEqual({ type: "adding", length: 4, variant: "modern" });
  expect(config.training.optimizer).toEqual({
    type: "adam",
    learningRate: 0.02,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  });
  expect(model.params.length).toBeGreaterThan(0);
  expect(Object.keys(model.signature.inputs)).toEqual(["x"]);
});

test("reading what was read changes nothing", () => {
  const { config } = readExperiment(document);
  expect(readExperiment(config).config).toEqual(config);
});

describe("problems are told together, each at its place", () => {
  const training = { ...document.training };
  const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
    [
      "misspelled and missing keys in several parts",
      { ...document, task: { type: "adding", lenght: 5 }, training: { ...training, clip: { norm: 1 }, batch: 0 } },
      [
        "config.missing /task/length",
        "config.unknown-key /task/lenght",
        "config.unknown-key /training/clip/norm",
        "config.invalid /training/clip",
        "config.range /training/batch",
      ],
    ],
    [
      "an unknown task, optimizer and schedule",
      { ...document, task: { type: "ading" }, training: { ...training, optimizer: { type: "adm" } } },
      ["config.choice /task/type", "config.choice /training/optimizer/type"],
    ],
    [
      "an unknown schedule",
      { ...document, training: { ...training, optimizer: { type: "sgd", learningRate: { type: "cosin" } } } },
      ["config.choice /training/optimizer/learningRate/type"],
    ],
    [
      "a rate of no kind",
      { ...document, training: { ...training, optimizer: { type: "sgd", learningRate: "fast" } } },
      ["config.type /training/optimizer/learningRate"],
    ],
    [
      "a schedule within warm-up",
      {
        ...document,
        training: {
          ...training,
          optimizer: { type: "sgd", learningRate: { type: "warmup", steps: 5, then: { type: "cosine", rate: 1 } } },
        },
      },
      ["config.missing /training/optimizer/learningRate/then/steps"],
    ],
    [
      "a task and a model that do not fit",
      { ...document, task: { type: "sine", length: 5 } },
      ["config.target-type /loss"],
    ],
    [
      "stopWhen without evaluations, on a metric that does not exist",
      { ...document, training: { ...training, stopWhen: { metric: "acuracy", above: 1 } } },
      ["config.stop-without-evaluation /training/stopWhen", "config.unknown-name /training/stopWhen/metric"],
    ],
    [
      "stopWhen without a limit",
      { ...document, training: { ...training, evaluate: { every: 1 }, stopWhen: {} } },
      ["config.invalid /training/stopWhen"],
    ],
    ["no document", null, ["config.type "]],
  ];
  test.each(cases)("%s", (_, wrong, expected) => {
    expect([...problemsOf(wrong)].sort()).toEqual([...expected].sort());
  });
});
