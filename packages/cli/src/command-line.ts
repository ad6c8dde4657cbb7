/** The command line: what can be typed, and what is done then. It only calls the other packages. */
import { Argument, Command, CommanderError, Option } from "commander";
import { readFileSync } from "node:fs";
import { describeCommand, GRAPH_CHOICES, type GraphChoice } from "./describe-command.js";
import { EXIT, formatFailure } from "./failure.js";
import type { Screen } from "./screen.js";
import { trainCommand } from "./train-command.js";

export interface Surroundings {
  readonly screen: Screen;
  writeError(text: string): void;
  /** Show where internal errors happen. */
  readonly debug: boolean;
}

const EXAMPLES = `
Examples:
  latchgrad describe model.json --graph none
  latchgrad train model.json --out my-model`;

const modelArgument = (): Argument => new Argument("<model>", "JSON file with the model, its task and its training");

/** Runs the command with these arguments, those behind `latchgrad`; returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { screen, writeError, debug } = surroundings;
  let exitCode: number = EXIT.success;
  /** Runs what a command does; its errors are reported here, with the file that it was about. */
  const perform = async (file: string, action: () => Promise<number>): Promise<void> => {
    try {
      exitCode = await action();
    } catch (error) {
      writeError(formatFailure(error, { file, debug }));
      exitCode = EXIT.failure;
    }
  };

  const program = new Command("latchgrad")
    .description("Trains and inspects recurrent models that are described in JSON.")
    .version(ownVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => screen.write(text), writeErr: writeError })
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(latchgrad --help shows what can be typed)");
  program
    .command("train")
    .description(
      "Train a model and compare the result with the task's baseline. Ctrl-C ends the run early and keeps the model.",
    )
    .addArgument(modelArgument())
    .option("-o, --out <folder>", "where the trained model goes (default: a new folder in runs/)")
    .action((file: string, { out }: { readonly out?: string }) =>
      perform(file, () => trainCommand({ file, out, screen })),
    );
  program
    .command("describe")
    .description("Show a model's layers, parameter counts and graph.")
    .addArgument(modelArgument())
    .addOption(new Option("-g, --graph <which>", "the graph to print").choices(GRAPH_CHOICES).default(GRAPH_CHOICES[0]))
    .action((file: string, { graph }: { readonly graph: GraphChoice }) =>
      perform(file, () => describeCommand({ file, graph, screen })),
    );

  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has written its message. Help and version end this way too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    writeError(formatFailure(error, { file: "the command line", debug }));
    return EXIT.failure;
  }
}

/** The version in this package's manifest, which lies above src and dist alike. */
function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
