// docs/cells.md: every cell of the library, as its document describes it.
import { loopStates } from "../../packages/core/src/index";
import type { CellDocument } from "../../packages/layers/src/index";
import { cellDiagram, cellDocumentSchema, equationLines, libraryDocuments } from "../../packages/layers/src/index";
import { BATCH, smallModel, TIME } from "../../packages/layers/test/cells/library";
import { escaped, generatedNote } from "./markdown";

const INTRODUCTION = `
Each is a JSON document in \`packages/layers/cells\`, written in the [notation](notation.md), and is used by its name:
\`"cell": { "type": "mgu", "units": 32 }\`. \`lstm\`, \`gru\` (with \`"reset": "after"\` the form \`gruResetAfter\`) and \`rnn\` are built in with the same
equations. To change one, copy its document into the \`"cells"\` of a model under another name. Every document is tested alike: first and second derivatives against differences,
compiled code against the reference with and without each pass, padded batches, chunks that hand over their states,
checkpoints; several against PyTorch. Pictures of the data flow are made from the equations; \`latchgrad cells NAME --svg FILE\` draws any cell.
`;

/** Cells with a picture on the page; `latchgrad cells NAME --svg` draws all. */
const DRAWN: readonly string[] = ["lstm", "lstmPeephole", "gru", "mgu", "minGru", "janet", "scrn", "selectiveSsm"];
const pictureOf = (name: string): string => `pictures/cells/${name}.svg`;

/** The pictures of the page: path below docs and text. */
export const cellPictures = (): readonly (readonly [string, string])[] =>
  DRAWN.map((name) => [pictureOf(name), cellDiagram(name)]);

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
    ...(DRAWN.includes(name) ? [`![Data flow of one step](${pictureOf(name)})`] : []),
    `Reads ${reads.join(", ")}; state ${states.length === 0 ? "of its cells inside" : states.join(", ")}; weights ${weights.join(", ")}.`,
    ...(settings.length === 0 ? [] : [settings.join("\n")]),
  ].join("\n\n");
}

/** The states of a cell that are computed for all steps at once, and whether others need a loop. */
function recurrencesOf(name: string): string | undefined {
  const graph = smallModel(name, { dtype: "f32" }).model.graph("predict");
  const states = loopStates(graph, { B: BATCH, T: TIME });
  const linear = states.flatMap((loop) => loop.linear);
  if (linear.length === 0) return undefined;
  const rest = states.some(({ looped }) => looped.length > 0) ? ", the rest in a loop" : ", without a loop";
  return `- [\`${name}\`](#${name.toLowerCase()}): ${linear.map((state) => `\`${state}\``).join(", ")}${rest}`;
}

const RECURRENCES = `
These have states that are linear in themselves, element by element, with factors of the input alone. They are recognised from the equations, and run for all steps
at once as \`linearRecurrence\`; a few states that enter each other so, such as the two real ones that make the LRU's complex one, as \`coupledRecurrence\`.
`;

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
    "## Without a loop",
    RECURRENCES,
    documents.flatMap(([name]) => recurrencesOf(name) ?? []).join("\n"),
    ...documents.map(([name, document]) => cellSection(name, document)),
  ].join("\n\n");
}
