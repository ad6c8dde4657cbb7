/** `latchgrad generate`: a text that a trained model of text writes by itself, symbol by symbol, as it comes. */
import { ConfigError, type Precision } from "@latchgrad/core";
import { generateText, openStream, textCoderOf, type TextCoder } from "@latchgrad/optim";
import { EXIT } from "./failure.js";
import { formatPlural } from "./format.js";
import { readTrainedModel, type StoredModel } from "./model-folder.js";
import { targetsOf } from "./predict/targets.js";
import type { Screen } from "./screen.js";

export interface GenerateCommand {
  /** Folder of a model or of a run. */
  readonly folder: string;
  /** What the text begins with. Absent: an end of a line, which is not shown. */
  readonly prompt?: string | undefined;
  /** Symbols behind the prompt. */
  readonly length: number;
  readonly temperature: number;
  readonly seed: string;
  readonly precision?: Precision | undefined;
  readonly screen: Screen;
  /** What is said besides the text. */
  readonly note: (text: string) => void;
}

const LINE_END = "\n";

/** Writes the text; returns the exit code. Throws LatchgradError. */
export async function generateCommand(command: GenerateCommand): Promise<number> {
  const { folder, length, temperature, seed, screen, note } = command;
  const stored = await readTrainedModel(folder);
  const coder = coderIn(stored);
  const prompt = promptFor(coder, command.prompt);
  const unknown = prompt.filter((symbol) => coder.name(symbol) === null);
  if (unknown.length > 0)
    note(`${formatPlural(unknown.length, "symbol")} of the prompt not in the vocabulary: ${listed(unknown)}\n`);
  const { model } = stored.experiment;
  const [output] = targetsOf(model).keys();
  const stream = await openStream(model, stored.weights, { precision: command.precision ?? stored.precision });
  try {
    const write = coder.writer();
    let last = prompt.map(write).join("");
    screen.write(command.prompt ?? "");
    let left = length;
    for await (const symbol of generateText({ coder, stream, output, prompt, temperature, seed })) {
      last = write(symbol);
      screen.write(last);
      if (--left === 0) break;
    }
    if (!last.endsWith(LINE_END)) screen.write(LINE_END);
  } finally {
    stream.dispose();
  }
  return EXIT.success;
}

const listed = (symbols: readonly string[]): string =>
  [...new Set(symbols)].map((symbol) => JSON.stringify(symbol)).join(", ");

function coderIn({ experiment: { config }, fitted }: StoredModel): TextCoder {
  const coder = fitted === undefined ? undefined : textCoderOf(config.task, fitted, config.dtype);
  if (coder !== undefined) return coder;
  const isText = config.task.type === "text" || config.task.type === "textCharacters";
  throw new ConfigError([
    {
      code: "generation.task",
      problem: isText ? "the folder of a model that writes texts has its vocabulary" : "a model of text writes texts",
      at: { kind: "config", pointer: "/task/type" },
      expected: isText ? "data.json" : "text",
      received: isText ? "a folder from before there was one" : config.task.type,
      hint: isText ? "a new training writes it" : "latchgrad predict says what this model answers to inputs",
    },
  ]);
}

/** The symbols of a prompt. Throws ConfigError where it has none. */
function promptFor(coder: TextCoder, prompt: string | undefined): readonly string[] {
  const symbols = coder.pieces("the prompt")(new TextEncoder().encode(prompt ?? LINE_END), true);
  const isKnown = symbols.some((symbol) => coder.name(symbol) !== null);
  if (symbols.length > 0 && (isKnown || prompt !== undefined)) return symbols;
  throw new ConfigError([
    {
      code: "generation.prompt",
      problem: "a text begins with a symbol that the model reads",
      at: { kind: "value", name: "prompt" },
      received:
        prompt === undefined ? "none, and there are no ends of lines in the vocabulary" : JSON.stringify(prompt),
      hint: "latchgrad generate FOLDER 'The first words'",
    },
  ]);
}
