// The documents and the message that docs/notation.md and the README show are real.
import { readFileSync } from "node:fs";
import { f64 } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { layerConfigSchema, type CellDocumentInput, type ModelDocument } from "../../src/index";
import { documentOf, modelOf } from "../support";

const pages = ["docs/notation.md", "README.md"].map((path) => ({
  path,
  text: readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8"),
}));

const build = (rest: Partial<ModelDocument>, layers: ModelDocument["layers"]) =>
  modelOf(documentOf(layers, rest), { inputs: { x: f64("B", "T", 4) }, targets: { y: f64("B", "T", 4) } });

const withCell = (cell: CellDocumentInput) =>
  build({ cells: { own: cell } }, [{ type: "recurrent", name: "memory", cell: { type: "own", units: 4 } }]);

describe.each(pages)("$path", ({ text }) => {
  const cells = [...text.matchAll(/^```json\n(\{\n[\s\S]*?)^```$/gm)]
    .map(([, block]) => JSON.parse(block) as CellDocumentInput & ModelDocument)
    .filter((document) => !("layers" in document));

  test("its cells can be used", () => {
    expect(cells.length).toBeGreaterThan(0);
    for (const cell of cells) expect(withCell(cell).graph("train").nodes.length).toBeGreaterThan(0);
  });
});

describe("docs/notation.md", () => {
  const [{ text }] = pages;
  const blocks = [...text.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const [layer, loss] = ['"highway"', '"loss"'].map(
    (part) => blocks.find((block) => block.includes(part)) ?? expect.fail(`nothing shows ${part}`),
  );

  test("its layer and its loss can be used", () => {
    const highway = JSON.parse(layer) as ModelDocument["layers"][number];
    const rest = JSON.parse(`{${loss}}`) as Partial<ModelDocument>;
    expect(build(rest, [highway]).params.map(({ name }) => name)).toEqual(["highway.W", "highway.V"]);
  });

  test("its layer with several inputs and a context is read as it stands", () => {
    const shown = blocks.find((block) => block.includes('"context"')) ?? expect.fail("nothing shows a context");
    const decoder = JSON.parse(shown) as object;
    expect(layerConfigSchema.parse({ name: "decoder", ...decoder })).toMatchObject(decoder);
  });

  test("its message is what is said", () => {
    const peephole: CellDocumentInput = {
      state: { h: ["units"] },
      params: {
        Wf: { shape: [40, "units"], init: "zeros" },
        Uf: { shape: ["units", "units"], init: "zeros" },
        bf: { shape: ["units"], init: "zeros" },
      },
      equations: ["f = sigmoid(x @ Wf + h @ Uf + bf)", "h' = f * h"],
      output: "h'",
    };
    const shown = blocks.find((block) => block.startsWith("ShapeError")) ?? "";
    const document = documentOf([{ type: "recurrent", name: "memory", cell: { type: "peephole", units: 32 } }], {
      cells: { peephole },
    });
    expect(() =>
      modelOf(document, { inputs: { x: f64("B", "T", 48) }, targets: { y: f64("B", "T", 32) } }),
    ).toThrowError(shown.replace("ShapeError\n", "").trimEnd());
  });
});
