/** `latchgrad weights`: the tensors in a file, or the weights in a model folder, which have to fit its document. */
import type { TensorData } from "@latchgrad/core";
import { formatStored, readSafetensors } from "@latchgrad/layers";
import { EXIT } from "./failure.js";
import { isFolder, readBytes } from "./files.js";
import { formatCount, formatNumber, formatPlural, formatTable } from "./format.js";
import { LARGEST_WEIGHTS_FILE, readModelFolder } from "./model-folder.js";
import type { Screen } from "./screen.js";

export interface WeightsCommand {
  /** Path of a safetensors file, or of a model folder. */
  readonly path: string;
  readonly screen: Screen;
}

/** Shows what is there; returns the exit code. Throws LatchgradError. */
export async function weightsCommand({ path, screen }: WeightsCommand): Promise<number> {
  screen.write((await isFolder(path)) ? await describeFolder(path) : await describeFile(path));
  return EXIT.success;
}

async function describeFile(path: string): Promise<string> {
  const { metadata, tensors } = readSafetensors(await readBytes(path, LARGEST_WEIGHTS_FILE));
  const stored = [...tensors.values()];
  const bytes = stored.reduce((sum, each) => sum + each.bytes.length, 0);
  const remarks = formatTable(Object.entries(metadata));
  const table = formatTable(stored.map((each) => [each.name, formatStored(each)]));
  const sum = `${formatPlural(stored.length, "tensor")} of ${formatCount(bytes)} bytes\n`;
  return [remarks, table, sum].filter((part) => part !== "").join("\n");
}

async function describeFolder(path: string): Promise<string> {
  const { experiment, weights } = await readModelFolder(path);
  const entries = Object.entries(weights);
  const count = entries.reduce((sum, [, { data }]) => sum + data.length, 0);
  const table = formatTable(
    [["weight", "type", "smallest", "largest"], ...entries.map(([name, tensor]) => [name, ...figuresOf(tensor)])],
    [2, 3],
  );
  const broken = entries.filter(([, { data }]) => !data.every((value) => Number.isFinite(value)));
  return [
    `${experiment.config.name}: ${formatPlural(entries.length, "weight")} with ${formatCount(count)} numbers, as the document wants them\n\n`,
    table,
    broken.length === 0 ? "" : `\nwith numbers that are not finite: ${broken.map(([name]) => name).join(", ")}\n`,
  ].join("");
}

/** Type, smallest and largest element. */
function figuresOf({ dtype, dims, data }: TensorData): readonly string[] {
  let [smallest, largest] = [Infinity, -Infinity];
  for (const value of data) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return [`${dtype}[${dims.join(",")}]`, formatNumber(smallest), formatNumber(largest)];
}
