// Cells and models that nobody had in mind when the notation was made, against PyTorch (fixtures/make_audit_fixtures.py).
import { evaluate, gradient, gradientName, f64, type DType } from "@latchgrad/core";
import { expect, test } from "vitest";
import type { Model } from "../../src/index";
import { documentOf, expectClose, fromStored, modelOf, readFixture, type Stored } from "../support";
import { auditCells } from "./cells";
import { auditModels } from "./models";

interface AuditCase {
  readonly kind: "cell" | "model";
  readonly name: string;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly values: Readonly<Record<string, Stored>>;
  readonly prediction: Stored;
  readonly loss: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}
const cases = readFixture<AuditCase>("audit.json");

function modelFor({ kind, name }: AuditCase): Model {
  if (kind === "model") {
    const { document, signature } = auditModels[name];
    return modelOf(document, signature);
  }
  const { document, settings } = auditCells[name];
  const cell = { type: name, units: 4, ...settings };
  return modelOf(documentOf([{ type: "recurrent", name: "run", cell }], { cells: { [name]: document } }), {
    inputs: { x: f64("B", "T", 3) },
    targets: { y: f64("B", "T", 4) },
  });
}

test("every cell and model has a case", () => {
  expect(cases.map(({ name }) => name).sort()).toEqual(
    [...Object.keys(auditCells), ...Object.keys(auditModels)].sort(),
  );
});

test.each(cases.map((each) => [each.name, each] as const))("%s: output, loss and all gradients", (_, each) => {
  const model = modelFor(each);
  const wrt = model.params.map(({ name }) => name);
  expect([...wrt].sort()).toEqual(Object.keys(each.weights).sort());
  const { inputs, targets } = model.signature;
  const dtypeOf = (name: string): DType => ({ ...inputs, ...targets })[name].dtype;
  const values = {
    ...Object.fromEntries(Object.entries(each.weights).map(([name, stored]) => [name, fromStored(stored)])),
    ...Object.fromEntries(
      Object.entries(each.values).map(([name, stored]) => [name, fromStored(stored, dtypeOf(name))]),
    ),
  };
  const train = model.graph("train");
  const found = evaluate(gradient(train, { of: "loss", wrt }), values);
  expectClose(evaluate(train, values)["prediction"].data, each.prediction.data, 1e-11, "prediction");
  expectClose(found["loss"].data, each.loss.data, 1e-11, "loss");
  for (const [name, stored] of Object.entries(each.gradients))
    expectClose(found[gradientName(name, train)].data, stored.data, 1e-10, name);
});
