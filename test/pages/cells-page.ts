// docs/cells.md: every cell of the library, as its document describes it.
import type { CellDocument } from "../../packages/layers/src/index";
import { cellDocumentSchema, equationLines, libraryDocuments } from "../../packages/layers/src/index";
import { escaped, generatedNote } from "./markdown";

const INTRODUCTION = `
Each is a JSON document in \`packages/layers/cells\`, written in the [notation](notation.md), and is used by its name:
\`"cell": { "type": "mgu", "units": 32 }\`. \`lstm\`, \`gru\` (with \`"reset": "after"\` the form \`gruResetAfter\`) and \`rnn\` are built in with the same
equations. To change one, copy its document into the \`"cells"\` of a model under another name. Every document is tested alike: first and second derivatives against differences,
compiled code against the reference with and without each pass, padded batches, chunks that hand over their states,
checkpoints; several against PyTorch.
`;

const equationsOf = (document: CellDocument): string => ["```text", ...equationLines(document), "```"].join("\n");

const shape = (sizes: readonly (number | string)[]): string => `[${sizes.join(", ")}]`;

function settingOf([name, setting]: [string, CellDocument["hyper"][string]]): string {
  if (typeof setting === "number") return `\`${name}\` = ${setting}`;
  const value = setting.default === undefined ? "" : ` = ${setting.default}`;
  return `\`${name}\`${value}${setting.about === undefined ? "" : `: ${escaped(setting.about)}`}`;
}

function cellSection(name: string, document: CellDocument): string {
  const { title = name, source = "", about = "", hyper, state, params, inputs } = document;
  const states = Object.entries(state).map(
    ([key, each]) => `\`${key}\` ${escaped(shape("shape" in each ? each.shape : each))}`,
  );
  const reads = Object.entries(inputs).map(([key, sizes]) => `\`${key}\` ${escaped(shape(sizes))}`);
  const settings = Object.entries(hyper).map((entry) => `- ${settingOf(entry)}`);
  const weights = Object.entries(params).map(([key, each]) => `\`${key}\` ${escaped(shape(each.shape))}`);
  return [
    `## ${name}`,
    `**${escaped(title)}.** ${escaped(about)}`,
    escaped(source),
    equationsOf(document),
    `Reads ${reads.join(", ")}; state ${states.length === 0 ? "of its cells inside" : states.join(", ")}; weights ${weights.join(", ")}.`,
    ...(settings.length === 0 ? [] : [settings.join("\n")]),
  ].join("\n\n");
}

/** The page of the library. */
export function cellsPage(): string {
  const documents = Object.entries(libraryDocuments).map(
    ([name, document]) => [name, cellDocumentSchema.parse(document)] as const,
  );
  const rows = documents.map(
    ([name, { title = "" }]) => `| [\`${name}\`](#${name.toLowerCase()}) | ${escaped(title)} |`,
  );
  return [
    "# The library of cells",
    generatedNote("the documents in packages/layers/cells"),
    INTRODUCTION,
    ["| Cell | What it is |", "| --- | --- |", ...rows].join("\n"),
    ...documents.map(([name, document]) => cellSection(name, document)),
  ].join("\n\n");
}
