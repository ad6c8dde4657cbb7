/** The command line: what can be typed, and what is done then. It only calls the other packages. */
import { Command, CommanderError } from "commander";
import { ownVersion } from "./environment.js";
import { EXIT, formatFailure } from "./failure.js";
import { isTaken } from "./sweep/run-trial-command.js";
import type { CommandContext, Surroundings } from "./commands/context.js";
import { addRunCommands } from "./commands/run-commands.js";
import { addViewCommands } from "./commands/view-commands.js";
import { addWeightCommands } from "./commands/weight-commands.js";

const EXAMPLES = `
Examples:
  latchgrad check model.json
  latchgrad profile model.json
  latchgrad describe model.json
  latchgrad train model.json --out my-run
  latchgrad train my-run --resume
  latchgrad report my-run
  latchgrad compare my-run other-run --out comparison.html
  latchgrad cells lstm --svg lstm.svg
  latchgrad graph model.json --gradient --format equations
  latchgrad eval my-run --split validation
  latchgrad predict my-run new.csv --out answers.csv
  latchgrad generate my-run "Once upon a time" --length 200
  latchgrad sweep sweep.json --jobs 4
  latchgrad import torch.safetensors --model model.json --mapping pytorch --out my-model`;

/** Runs the command with these arguments, those behind `latchgrad`; returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { screen, writeError, debug } = surroundings;
  let exitCode: number = EXIT.success;
  /** Runs what a command does; its errors are reported here, with the file that it was about. */
  const perform = async (file: string, action: (onFile: (path: string) => void) => Promise<number>): Promise<void> => {
    let about = file;
    try {
      exitCode = await action((path) => {
        about = path;
      });
    } catch (error) {
      writeError(formatFailure(error, { file: about, debug }));
      exitCode = isTaken(error) && program.args[0] === "run-trial" ? EXIT.taken : EXIT.failure;
    }
  };

  const program = new Command("latchgrad")
    .description("Trains and inspects recurrent models that are described in JSON.")
    .version(ownVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => screen.write(text), writeErr: writeError })
    .configureHelp({
      // The list of commands has a line for each; its own help has the rest, whose lines are broken where the terminal ends.
      subcommandDescription: (command) => command.description().split("\n", 1)[0] ?? "",
      commandDescription: (command) => command.description().replace(/(?<!\n)\n(?!\n)/g, " "),
    })
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(latchgrad --help shows what can be typed)");
  const context: CommandContext = { ...surroundings, perform };
  addRunCommands(program, context);
  addViewCommands(program, context);
  addWeightCommands(program, context);

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
