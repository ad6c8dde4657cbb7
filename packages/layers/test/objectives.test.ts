// Losses and metrics: their values by hand, masks, refusals. Gradients of the losses are compared with PyTorch elsewhere.
import { evaluate, f64, i32, type Tensor } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { losses, metrics, type ModelDocument } from "../src/index";
import { documentOf, issuesOf, modelOf, problemsOf, tensor } from "./support";

/** Two examples of three steps. */
const [BATCH, TIME] = [2, 3];
const predictions = [0.5, -1, 2, 0.25, 3, -2];
const numbersTarget = tensor("f64", [BATCH, TIME], [0, 1, 2, 1, 0, 0.5]);
/** Logits of four classes at each of six positions. */
const logits = Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 3 - 1.5);
const ids = tensor("i32", [BATCH, TIME], [0, 3, 2, 1, 1, 0]);
const yesNo = tensor("f64", [BATCH, TIME], [1, 0, 1, 1, 0, 1]);

const crossEntropyAt = (position: number): number => {
  const row = logits.slice(position * 4, position * 4 + 4);
  const sum = row.reduce((total, logit) => total + Math.exp(logit), 0);
  return Math.log(sum) - row[ids.data[position]];
};
const probability = (logit: number): number => 1 / (1 + Math.exp(-logit));

type Metric = NonNullable<ModelDocument["metrics"]>[number];

interface ObjectiveCase {
  /** Whether predictions are logits of classes. */
  readonly classes: boolean;
  readonly target: Tensor;
  /** The value at a position, to be averaged. */
  readonly at: (position: number) => number;
  readonly finish?: (mean: number) => number;
  /** Keys that the config needs besides its type. */
  readonly settings?: Partial<Metric>;
  /** The code of the error for a target of whole numbers. Absent: as for targets with other axes. */
  readonly accepts?: "whole numbers";
}

/** A case per loss and metric; a missing one does not compile. */
const cases: { readonly [Type in keyof typeof metrics]: ObjectiveCase } = {
  meanSquaredError: { classes: false, target: numbersTarget, at: (i) => (predictions[i] - numbersTarget.data[i]) ** 2 },
  meanAbsoluteError: {
    classes: false,
    target: numbersTarget,
    at: (i) => Math.abs(predictions[i] - numbersTarget.data[i]),
  },
  softmaxCrossEntropy: { classes: true, target: ids, at: crossEntropyAt },
  perplexity: { classes: true, target: ids, at: crossEntropyAt, finish: Math.exp },
  bitsPerSymbol: { classes: true, target: ids, at: (i) => crossEntropyAt(i) / Math.LN2 },
  accuracy: {
    classes: true,
    target: ids,
    at(i) {
      const row = logits.slice(i * 4, i * 4 + 4);
      return Number(row.indexOf(Math.max(...row)) === ids.data[i]);
    },
  },
  binaryCrossEntropy: {
    classes: false,
    target: yesNo,
    at: (i) =>
      -(
        yesNo.data[i] * Math.log(probability(predictions[i])) +
        (1 - yesNo.data[i]) * Math.log(1 - probability(predictions[i]))
      ),
  },
  binaryAccuracy: {
    classes: false,
    target: yesNo,
    at: (i) => Number(predictions[i] > 0 === yesNo.data[i] > 0.5),
  },
  equations: {
    classes: false,
    target: numbersTarget,
    // Huber 1964, with its corner at 0.5.
    settings: {
      hyper: { corner: 0.5 },
      equations: ["a = abs(prediction - target)"],
      output: "where(a < corner, a^2 / 2, corner * (a - corner / 2))",
    },
    at(i) {
      const a = Math.abs(predictions[i] - numbersTarget.data[i]);
      return a < 0.5 ? a ** 2 / 2 : 0.5 * (a - 0.25);
    },
    accepts: "whole numbers",
  },
};

const positions = [0, 1, 2, 3, 4, 5];

/** A model whose prediction is its input, with that metric. */
function modelWith(type: keyof typeof metrics, masked: boolean, settings: Partial<Metric> = {}) {
  const { classes, target } = cases[type];
  const document = documentOf([{ type: "activation", function: "linear" }], {
    // The loss is of no interest here; it only has to fit.
    loss: { type: classes ? "softmaxCrossEntropy" : "meanSquaredError" },
    metrics:
      type in losses && type === (classes ? "softmaxCrossEntropy" : "meanSquaredError")
        ? []
        : [{ type, ...cases[type].settings, ...settings } as Metric],
  });
  return modelOf(document, {
    inputs: { x: classes ? f64("B", "T", 4) : f64("B", "T") },
    targets: {
      y: { dtype: target.type.dtype, dims: ["B", "T"] },
      ...(masked ? { mask: f64("B", "T") } : {}),
    },
  });
}

describe.each(Object.keys(cases) as (keyof typeof metrics)[])("%s", (type) => {
  const { classes, target, at, finish = (mean) => mean } = cases[type];
  const x = classes ? tensor("f64", [BATCH, TIME, 4], logits) : tensor("f64", [BATCH, TIME], predictions);
  const valueOf = (model: ReturnType<typeof modelWith>, mask?: readonly number[]): number => {
    const found = evaluate(model.graph("eval"), {
      x,
      y: target,
      ...(mask === undefined ? {} : { mask: tensor("f64", [BATCH, TIME], mask) }),
    });
    return (found[type] ?? found.loss).data[0];
  };
  const meanOf = (chosen: readonly number[]): number =>
    finish(chosen.reduce((sum, position) => sum + at(position), 0) / chosen.length);

  test("is the mean over all positions", () => {
    expect(valueOf(modelWith(type, false))).toBeCloseTo(meanOf(positions), 12);
  });

  test("leaves out the positions that a mask leaves out", () => {
    expect(valueOf(modelWith(type, true), [1, 1, 0, 1, 0, 0])).toBeCloseTo(meanOf([0, 1, 3]), 12);
  });

  test("is 0 before the last step when nothing is left", () => {
    expect(valueOf(modelWith(type, true), [0, 0, 0, 0, 0, 0])).toBe(finish(0));
  });

  test("has a geometric mean where it is the exponential of a mean", () => {
    expect(metrics[type].average).toBe("finish" in cases[type] ? "geometric" : "arithmetic");
  });

  test("refuses a target of another type", () => {
    const document = documentOf([{ type: "activation", function: "linear" }], {
      loss: { type: classes ? "softmaxCrossEntropy" : "meanSquaredError", target: "fits" },
      metrics: [{ type, ...cases[type].settings } as Metric],
    });
    const inputs = { x: classes ? f64("B", "T", 4) : f64("B", "T") };
    const fits = classes ? i32("B", "T") : f64("B", "T");
    const { accepts } = cases[type];
    const code = accepts === undefined ? "config.target-type" : "config.input-type";
    const wrongTypes = [
      ...(accepts === "whole numbers" ? [] : [classes ? f64("B", "T") : i32("B", "T")]),
      { ...fits, dims: ["B"] },
    ];
    for (const wrong of wrongTypes)
      expect(problemsOf(() => modelOf(document, { inputs, targets: { fits, y: wrong } }))).toEqual([
        `${code} /metrics/0`,
      ]);
  });
});

test("equations read prediction and target in whichever order the document gives their shapes", () => {
  const valueOf = (reads: object): number => {
    const loss = {
      type: "equations",
      reads,
      equations: ["d = 2 * prediction - target"],
      output: "sum(d * d)",
    } as const;
    const model = modelOf(documentOf([{ type: "activation", function: "linear" }], { loss }), {
      inputs: { x: f64("B", 3) },
      targets: { y: f64("B", 3) },
    });
    const x = tensor("f64", [1, 3], [1, 2, 3]);
    return evaluate(model.graph("eval"), { x, y: tensor("f64", [1, 3], [1, 0, 5]) }).loss.data[0];
  };
  expect(valueOf({ prediction: [3], target: [3] })).toBe(1 + 16 + 1);
  expect(valueOf({ target: [3], prediction: [3] })).toBe(18);
});

test("binary cross-entropy is stable far from zero", () => {
  const model = modelOf(
    documentOf([{ type: "activation", function: "linear" }], { loss: { type: "binaryCrossEntropy" } }),
    {
      inputs: { x: f64("B") },
      targets: { y: f64("B") },
    },
  );
  const loss = (x: number, y: number): number =>
    evaluate(model.graph("eval"), { x: tensor("f64", [1], [x]), y: tensor("f64", [1], [y]) }).loss.data[0];
  expect(loss(1000, 1)).toBe(0);
  expect(loss(-1000, 1)).toBe(1000);
  expect(loss(-800, 0)).toBe(0);
});

test("a mask over sequences weights all that belongs to them, and is ignored on request", () => {
  const document = (mask?: false) =>
    documentOf([{ type: "activation", function: "linear" }], {
      loss: { type: "meanSquaredError", ...(mask === false ? { mask } : {}) },
    });
  const signature = { inputs: { x: f64("B", "T") }, targets: { y: f64("B", "T"), mask: f64("B") } };
  const inputs = {
    x: tensor("f64", [2, 2], [1, 3, 10, 10]),
    y: tensor("f64", [2, 2], [0, 0, 0, 0]),
    mask: tensor("f64", [2], [1, 0]),
  };
  expect(evaluate(modelOf(document(), signature).graph("eval"), inputs).loss.data[0]).toBe(5);
  expect(evaluate(modelOf(document(false), signature).graph("eval"), inputs).loss.data[0]).toBe(52.5);
  const wrong = { ...signature, targets: { y: f64("B", "T"), mask: f64("T") } };
  expect(problemsOf(() => modelOf(document(), wrong))).toEqual(["config.mask-type /loss"]);
});

test("a value per step where the target has one per sequence comes with a hint", () => {
  const build = () =>
    modelOf(documentOf([{ type: "recurrent", cell: { type: "rnn", units: 1 } }]), {
      inputs: { x: f64("B", "T", 1) },
      targets: { y: f64("B", 1) },
    });
  expect(issuesOf(build)).toMatchObject([
    { code: "config.target-type", hint: expect.stringContaining('"output"') as string },
  ]);
});
