// What docs/models.md and the README show of models can be built and trained.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { f64 } from "../packages/core/src/index";
import { buildModel, readModelConfig, type ModelDocument } from "../packages/layers/src/index";
import { readExperiment, type ExperimentDocument } from "../packages/optim/src/index";
import { root } from "../scripts/lib/packages.mjs";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const blocksOf = (language: string, text: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block]) => block);

describe("docs/models.md", () => {
  const page = read("docs/models.md");
  const documents = blocksOf("json", page).map((block): ModelDocument => {
    const shown = JSON.parse(block) as Pick<ModelDocument, "layers" | "loss"> | ModelDocument["layers"];
    const loss = { type: "meanSquaredError" } as const;
    return { format: 1, name: "shown", ...(Array.isArray(shown) ? { layers: shown, loss } : shown) };
  });

  test("shows models that can be built", () => {
    expect(documents).toHaveLength(4);
    const signature = { inputs: { x: f64("B", "T", 4) }, targets: { y: f64("B", "T", 4) } };
    const [residual, tied, long, losses] = documents.map((document) =>
      buildModel(readModelConfig(document), signature),
    );
    expect(residual.params.map(({ name }) => name)).toContain("block2.memory.Wr");
    expect(new Set(tied.params.map(({ name }) => name.split(".")[0]))).toEqual(new Set(["letters", "memory", "next"]));
    expect(tied.params.map(({ name }) => name)).not.toContain("next.W");
    const [loop] = long.graph("train").nodes.filter(({ op }) => op === "scan");
    expect(loop.attrs["checkpoint"]).toBe("ceilSqrt(T)");
    expect(losses.graph("eval").outputs.map(({ name }) => name)).toEqual([
      "prediction",
      "loss",
      "distance",
      "meanAbsoluteError",
    ]);
  });

  test("shows groups of weights that can be trained", () => {
    const [block] = blocksOf("text", page);
    const { training } = JSON.parse(`{${block}}`) as { readonly training: Partial<ExperimentDocument["training"]> };
    const document = {
      ...documents[0],
      layers: [
        { name: "letters", type: "dense", units: 4 },
        ...documents[0].layers.slice(0, -1),
        { type: "dense", units: 1 },
      ],
      task: { type: "mackeyGlass", length: 10, ahead: 1 },
      training: { ...training, batch: 2, steps: 1, seed: "page" },
    };
    expect(readExperiment(document).config.training.groups).toHaveLength(2);
  });
});

test("the README shows the blocks of the residual stack", () => {
  const { layers } = JSON.parse(read("packages/examples/models/residual-stack.json")) as ModelDocument;
  const shown = blocksOf("json", read("README.md")).map((block) => JSON.parse(block) as object);
  expect(shown).toContainEqual(layers.find(({ name }) => name === "block"));
});
