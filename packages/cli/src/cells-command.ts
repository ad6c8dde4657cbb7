/** `latchgrad cells`: the library of cells, and one of them in equations, figures and a picture. */
import {
  cellDiagram,
  cellDocumentSchema,
  describeCell,
  equationLines,
  libraryDocuments,
  type CellDescription,
  type CellDocument,
} from "@latchgrad/layers";
import { EXIT } from "./failure.js";
import { attempt, RULES, writeToDisk } from "./files.js";
import { formatCount, formatPlural, formatSettings, formatTable } from "./format.js";
import type { Screen } from "./screen.js";

export interface CellsCommand {
  /** The cell to explain; undefined: all are listed. */
  readonly name: string | undefined;
  /** Only cells with this word are listed. */
  readonly find?: string | undefined;
  readonly units: number;
  readonly input: number;
  /** Where the picture goes. */
  readonly svg?: string | undefined;
  readonly json?: boolean | undefined;
  readonly screen: Pick<Screen, "write">;
}

/** Lists cells or explains one; returns the exit code. Throws LatchgradError. */
export async function cellsCommand(command: CellsCommand): Promise<number> {
  const { name, find, svg, json = false, screen } = command;
  if (name === undefined) {
    screen.write(listCells(find, json));
    return EXIT.success;
  }
  const description = describeCell(name, command);
  screen.write(json ? `${JSON.stringify(description.document, null, 2)}\n` : explain(name, description, command));
  if (svg !== undefined) {
    const picture = cellDiagram(name);
    await attempt(RULES.write, svg, () => writeToDisk(svg, picture));
    if (!json) screen.write(`\nthe picture is in ${svg}\n`);
  }
  return EXIT.success;
}

const yearOf = ({ source = "" }: CellDocument): string => /\b(?:19|20)\d\d\b/.exec(source)?.[0] ?? "";

function listCells(find: string | undefined, json: boolean): string {
  const all = Object.entries(libraryDocuments).map(
    ([name, document]) => [name, cellDocumentSchema.parse(document)] as const,
  );
  const isMeant = ([name, { title, source, about }]: (typeof all)[number]): boolean =>
    find === undefined || [name, title, source, about].join(" ").toLowerCase().includes(find.toLowerCase());
  const cells = all.filter(isMeant);
  if (json) {
    const entries = cells.map(([name, { title, source, about }]) => ({ name, title, source, about }));
    return `${JSON.stringify(entries, null, 2)}\n`;
  }
  if (cells.length === 0)
    return `no cell of the library has "${find ?? ""}" in its name, title, source or description\n`;
  const rows = cells.map(([name, document]) => [name, yearOf(document), document.title ?? ""]);
  return `${formatTable([["cell", "year", "what it is"], ...rows])}\n${formatPlural(cells.length, "cell")}; latchgrad cells NAME explains one\n`;
}

const dims = (sizes: readonly (number | string)[]): string => `[${sizes.join(", ")}]`;

function explain(
  name: string,
  { document, states, weights, parameters }: CellDescription,
  { units, input }: Pick<CellsCommand, "units" | "input">,
): string {
  const { title = name, about = "", source = "", hyper, params, inputs, context } = document;
  const reads = Object.entries({ ...inputs, ...context }).map(([key, sizes]) => `${key} ${dims(sizes)}`);
  const weightRows = weights.map(({ name: key, dims: sizes, initializer, trainable = true }) => [
    `  ${key}`,
    Object.hasOwn(params, key) ? dims(params[key].shape) : "",
    dims(sizes),
    (typeof initializer === "string" ? initializer : formatSettings(initializer)) + (trainable ? "" : ", not trained"),
  ]);
  const settings = Object.entries(hyper).map(([key, setting]) => {
    const { default: value, about: says = "" } = typeof setting === "number" ? { default: setting } : setting;
    return [`  ${key}`, value === undefined ? "has to be given" : String(value), says];
  });
  return [
    `${name}: ${title}`,
    ...(about === "" ? [] : [about]),
    ...(source === "" ? [] : [source]),
    "",
    "equations",
    ...equationLines(document).map((line) => `  ${line}`),
    "",
    `reads ${reads.join(", ")}`,
    `states ${states.map(({ name: key, dims: sizes, init = 0 }) => `${key} ${dims(sizes)} from ${init}`).join(", ")}`,
    ...(settings.length === 0 ? [] : ["", "settings", formatTable(settings).trimEnd()]),
    "",
    `weights, for ${formatPlural(units, "unit")} and an input of ${formatCount(input)}`,
    formatTable(weightRows).trimEnd(),
    `${formatPlural(parameters, "parameter")}`,
    "",
  ].join("\n");
}
