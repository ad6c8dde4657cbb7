/** Commands about weights. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { importCommand } from "../import-command.js";
import { weightsCommand } from "../weights-command.js";
import type { CommandContext } from "./context.js";

interface ImportFlags {
  readonly model: string;
  readonly mapping: string;
  readonly out: string;
  readonly layer: Readonly<Record<string, string>>;
}

/** Adds "memory=encoder.rnn" to the places before. */
function addPlace(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const sign = text.indexOf("=");
  if (sign < 0) throw new InvalidArgumentError('It has the form "layer=place", such as memory=encoder.rnn.');
  return { ...before, [text.slice(0, sign)]: text.slice(sign + 1) };
}

/** Adds import and weights. */
export function addWeightCommands(program: Command, { perform, screen }: CommandContext): void {
  program
    .command("import")
    .description("Make a model folder of a document and of weights that another system has trained.")
    .argument("<source>", "safetensors file of the other system")
    .requiredOption("-m, --model <file>", "JSON file with the model that the weights are for")
    .requiredOption("-p, --mapping <which>", "how weights become others: pytorch, keras, or a JSON file that says it")
    .requiredOption("-o, --out <folder>", "where the model goes")
    .addOption(
      new Option("-l, --layer <layer=place>", "where a layer stands in the source, unless its name says it; repeatable")
        .argParser(addPlace)
        .default({}, "none"),
    )
    .action((source: string, { model, mapping, out, layer }: ImportFlags) =>
      perform(source, (onFile) => importCommand({ source, model, mapping, places: layer, out, screen, onFile })),
    );
  program
    .command("weights")
    .description("Show the tensors in a safetensors file, or check and show the weights in a model folder.")
    .argument("<path>", "safetensors file, or folder of a model")
    .action((path: string) => perform(path, () => weightsCommand({ path, screen })));
}
