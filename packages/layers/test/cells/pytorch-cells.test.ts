// Cells of the library against the same cells written in plain PyTorch from their papers (fixtures/make_cells_fixtures.py).
import { evaluate, gradient, gradientName } from "@latchgrad/core";
import { expect, test } from "vitest";
import { documentOf, expectClose, fromStored, modelOf, readFixture, typed, type Stored } from "../support";

interface CellCase {
  readonly cell: string;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly x: Stored;
  readonly target: Stored;
  readonly y: Stored;
  readonly loss: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}
const cases = readFixture<CellCase>("cells.json");

test.each(cases.map((each) => [each.cell, each] as const))("%s", (cell, { weights, x, target, y, loss, gradients }) => {
  const model = modelOf(documentOf([{ type: "recurrent", name: "run", cell: { type: cell, units: 4 } }]), {
    inputs: { x: typed("f64", "B", "T", ...x.dims.slice(2)) },
    targets: { y: typed("f64", "B", "T", ...target.dims.slice(2)) },
  });
  expect(model.params.map(({ name }) => name).sort()).toEqual(
    Object.keys(weights)
      .map((name) => `run.${name}`)
      .sort(),
  );
  const wrt = model.params.map(({ name }) => name);
  const train = model.graph("train");
  const values = {
    ...Object.fromEntries(Object.entries(weights).map(([name, stored]) => [`run.${name}`, fromStored(stored)])),
    x: fromStored(x),
    y: fromStored(target),
  };
  const { y: _, ...inputs } = values;
  expectClose(evaluate(model.graph("predict"), inputs)["prediction"].data, y.data, 1e-11, "output");
  const found = evaluate(gradient(train, { of: "loss", wrt }), values);
  expectClose(found["loss"].data, loss.data, 1e-11, "loss");
  for (const [name, stored] of Object.entries(gradients))
    expectClose(found[gradientName(`run.${name}`, train)].data, stored.data, 1e-10, name);
});
