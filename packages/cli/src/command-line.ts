/** The command line: what can be typed, and what is done then. It only calls the other packages. */
import type { Precision } from "@latchgrad/core";
import { MODEL_FILES } from "@latchgrad/layers";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { join } from "node:path";
import { compareCommand } from "./compare-command.js";
import { cellsCommand } from "./cells-command.js";
import { checkCommand } from "./check-command.js";
import { SPLITS, type Split } from "@latchgrad/optim";
import { describeCommand, GRAPH_CHOICES, type GraphChoice } from "./describe-command.js";
import { ownVersion, PRECISIONS } from "./environment.js";
import { evalCommand } from "./eval-command.js";
import { EXIT, formatFailure } from "./failure.js";
import { isFolder } from "./files.js";
import { GRAPH_FORMS, graphCommand, type GraphCommand } from "./graph-command.js";
import { importCommand } from "./import-command.js";
import { ROW_FORMATS, type RowFormat } from "./predict/dialect.js";
import { predictCommand } from "./predict/predict-command.js";
import { PLOT_FORMATS, reportCommand } from "./report-command.js";
import type { PlotFormat } from "./report/write-report.js";
import type { Screen } from "./screen.js";
import { isTaken, runTrialCommand } from "./sweep/run-trial-command.js";
import { sweepCommand } from "./sweep/sweep-command.js";
import { trainCommand } from "./train-command.js";
import { weightsCommand } from "./weights-command.js";

export interface Surroundings {
  readonly screen: Screen;
  writeError(text: string): void;
  /** Show where internal errors happen. */
  readonly debug: boolean;
  /** Program and first arguments that run this command in another process, as a sweep does for its trials. */
  readonly self: readonly [string, ...string[]];
}

const EXAMPLES = `
Examples:
  latchgrad check model.json
  latchgrad describe model.json --graph none
  latchgrad train model.json --out my-run
  latchgrad train my-run --resume
  latchgrad report my-run
  latchgrad compare my-run other-run --out comparison.html
  latchgrad cells lstm --svg lstm.svg
  latchgrad graph model.json --gradient --format equations
  latchgrad eval my-run --split validation
  latchgrad predict my-run new.csv --out answers.csv
  latchgrad sweep sweep.json --jobs 4
  latchgrad import torch.safetensors --model model.json --mapping pytorch --out my-model`;

const TRAIN_DESCRIPTION = `Train a model and compare the result with the task's baseline.

The run has a folder: model.json and model.safetensors (the model), report.html, metrics.jsonl, metrics.csv and evaluations.csv,
environment.json, and checkpoints. A run that was stopped, however it was stopped, goes on with --resume, and ends with the same bits as if it
had not been. Ctrl-C or SIGTERM ends it after the present step and saves it (exit code 130, 143); a second one ends it at once.`;

interface TrainFlags {
  readonly out?: string;
  readonly set?: readonly string[];
  readonly resume?: boolean;
  readonly precision?: Precision;
  readonly threads?: number;
  readonly tensorboard?: boolean;
  /** False with --no-report. */
  readonly report: boolean;
}

interface ReportFlags {
  readonly out?: string;
  readonly plots?: string;
  readonly format: PlotFormat;
}

function threadCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError("A whole number from 1 to 64 is expected.");
}

const CELLS_DESCRIPTION = `List the cells of the library, or explain one: its equations, states, weights, settings and source.

With --svg the data flow of one step is drawn: states on tracks, gates in their usual places.`;

interface CellsFlags {
  readonly find?: string;
  readonly units: number;
  readonly input: number;
  readonly svg?: string;
  readonly json?: boolean;
}

function sizeOption(text: string): number {
  const size = Number(text);
  if (Number.isInteger(size) && size >= 1 && size <= 1_000_000) return size;
  throw new InvalidArgumentError("A whole number from 1 to 1000000 is expected.");
}

interface EvalFlags {
  readonly split: Split;
  readonly batches?: number;
  readonly precision?: Precision;
  readonly json?: boolean;
}

function batchCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000_000) return count;
  throw new InvalidArgumentError("A whole number from 1 is expected.");
}

const PREDICT_DESCRIPTION = `Predict with a trained model.

A model that learned from data files reads rows with the same columns, without those of its targets, and answers in the units and classes
of the targets. Any other reads an example per line, {"x": [[0.1, 0], [0.4, 1]]}, or a table with a step per row and the columns x.0, x.1,
where "id" says which sequence a row belongs to.

With --stream each line is the next step of a sequence, and is answered before the next line is read; what the model keeps in mind goes on from line
to line. An empty line, or a row of another sequence, begins a new one.`;

interface PredictFlags {
  readonly out?: string;
  readonly stream?: boolean;
  readonly format?: RowFormat;
  readonly skipBad?: boolean;
  readonly precision?: Precision;
  readonly threads: number;
}

const CHECK_DESCRIPTION = `Check a model before it is trained: its document, shapes, gradients, and what training it will be like.

Gradients are compared with central differences in f64, on two examples of the task and the reference executor. Exit code 0: nothing is
wrong; 1: something is, and it is said what and where.`;

function sampleCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new InvalidArgumentError("A whole number from 1 to 1000 is expected.");
}

interface SweepFlags {
  readonly out?: string;
  readonly jobs?: number;
  readonly retryFailed?: boolean;
  /** False with --no-report. */
  readonly report: boolean;
  readonly list?: boolean;
}

interface RunTrialFlags {
  readonly config?: string;
  readonly out: string;
  readonly retryFailed?: boolean;
  readonly precision: Precision;
  readonly threads: number;
}

const SWEEP_DESCRIPTION = `Train one experiment with many settings: a grid, random draws, several seeds.

Every trial has a folder by its id in FOLDER/trials, and the results are in FOLDER/results.csv and, with plots, in FOLDER/results.html. The same command goes on with a sweep that was
stopped, however it was stopped; trials that ended are not run again. Ctrl-C or SIGTERM saves the trials under way.`;

const RUN_TRIAL_DESCRIPTION = `Run one trial to its end, in FOLDER/trials under its id: for schedulers.

It may be called any number of times: a trial that has ended is not run again, one that was stopped goes on, one that another process is
at is left to it. Exit codes: 0 done, 3 failed (the error is in result.json), 4 another process is at it.`;

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

const modelArgument = (): Argument => new Argument("<model>", "JSON file with the model, its task and its training");

/** Runs the command with these arguments, those behind `latchgrad`; returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { screen, writeError, debug, self: ownCommand } = surroundings;
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
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(latchgrad --help shows what can be typed)");
  program
    .command("train")
    .description(TRAIN_DESCRIPTION)
    .argument("<model>", "JSON file with the model, its task and its training; or the folder of a run, with --resume")
    .option("-o, --out <folder>", "the folder of the run (default: a new one in runs/)")
    .option(
      "-s, --set <path=value>",
      "change the document, such as training.steps=100 or layers.memory.cell.units=8; may be given several times",
      (setting: string, before: readonly string[] = []) => [...before, setting],
    )
    .option("-r, --resume", "go on from the latest checkpoint in the folder; where there is none, begin")
    .addOption(
      new Option(
        "--precision <which>",
        "how sums of products are rounded (default: fast, or what the run began with)",
      ).choices(PRECISIONS),
    )
    .option("-t, --threads <count>", "how many threads share each step; changes no bit of the result", threadCount, 1)
    .option("--tensorboard", "write an event file for TensorBoard as well")
    .option("--no-report", "write no report.html at the end")
    .action(async (file: string, options: TrainFlags, self: Command) => {
      const { out, set = [], resume = false, precision, threads = 1, tensorboard = false, report } = options;
      if (resume && out === undefined && !(await isFolder(file)))
        self.error("error: --resume needs the folder of the run, as --out or in place of the model", {
          exitCode: EXIT.usage,
        });
      await perform(file, () =>
        trainCommand({ file, settings: set, out, resume, precision, threads, tensorboard, report, screen }),
      );
    });
  program
    .command("eval")
    .description("Evaluate a trained model on data of its task, as at the end of its training.")
    .argument("<folder>", "folder of a model, or of a run")
    .addOption(new Option("--split <which>", "the part of the data").choices(SPLITS).default("test"))
    .option("--batches <count>", "how many batches, at most (default: as the config says)", batchCount)
    .addOption(
      new Option("--precision <which>", "how sums of products are rounded (default: as in the run)").choices(
        PRECISIONS,
      ),
    )
    .option("--json", "print one JSON object")
    .action((folder: string, { json = false, ...options }: EvalFlags) =>
      perform(folder, () => evalCommand({ folder, json, ...options, screen })),
    );
  program
    .command("predict")
    .description(PREDICT_DESCRIPTION)
    .argument("<folder>", "folder of a model, or of a run")
    .argument("[input]", "file with examples; - is the standard input", "-")
    .option("-o, --out <file>", "where the answers go (default: the standard output)")
    .option("--stream", "answer line by line, and keep the state between lines")
    .addOption(
      new Option(
        "--format <which>",
        "of rows and answers (default: by the name of the input, or as the training's files, or jsonl)",
      ).choices(ROW_FORMATS),
    )
    .option("--skip-bad", "leave out sequences that are wrong, and count them")
    .addOption(
      new Option("--precision <which>", "how sums of products are rounded (default: as in the run)").choices(
        PRECISIONS,
      ),
    )
    .option("-t, --threads <count>", "how many threads share each batch", threadCount, 1)
    .action((folder: string, input: string, { stream = false, skipBad = false, ...options }: PredictFlags) =>
      perform(folder, (onFile) =>
        predictCommand({ folder, input, stream, skipBad, ...options, screen, note: writeError, onFile }),
      ),
    );
  program
    .command("sweep")
    .description(SWEEP_DESCRIPTION)
    .argument("<sweep>", "JSON file with the sweep")
    .option("-o, --out <folder>", "the folder of the sweep (default: sweeps/ and its name)")
    .option("-j, --jobs <count>", "how many trials at a time (default: one per processor)", threadCount)
    .option("--retry-failed", "run trials again that have failed")
    .option("--no-report", "write no results.html and no plots")
    .option("--list", "only show the trials")
    .action((file: string, { retryFailed = false, list = false, ...options }: SweepFlags) =>
      perform(file, (onFile) =>
        sweepCommand({ file, retryFailed, list, ...options, self: ownCommand, screen, onFile }),
      ),
    );
  program
    .command("run-trial")
    .description(RUN_TRIAL_DESCRIPTION)
    .argument("[sweep]", "JSON file with the sweep")
    .argument("[id]", "which of its trials")
    .option("-c, --config <file>", "in place of both: JSON file with an experiment")
    .requiredOption("-o, --out <folder>", "the folder of the sweep")
    .option("--retry-failed", "run it again if it has failed")
    .addOption(
      new Option("--precision <which>", "how sums of products are rounded, for --config")
        .choices(PRECISIONS)
        .default("fast"),
    )
    .option("-t, --threads <count>", "how many threads share each step", threadCount, 1)
    .action(async (sweep: string | undefined, id: string | undefined, flags: RunTrialFlags, command: Command) => {
      const { config, retryFailed = false, ...options } = flags;
      const from =
        config !== undefined && sweep === undefined
          ? { config }
          : sweep !== undefined && id !== undefined && config === undefined
            ? { sweep, id }
            : command.error("error: give either a sweep and the id of a trial, or --config", { exitCode: EXIT.usage });
      await perform(config ?? sweep ?? "", (onFile) =>
        runTrialCommand({ from, retryFailed, ...options, screen, onFile }),
      );
    });
  program
    .command("describe")
    .description("Show a model's layers, parameter counts and graph.")
    .addArgument(modelArgument())
    .addOption(new Option("-g, --graph <which>", "the graph to print").choices(GRAPH_CHOICES).default(GRAPH_CHOICES[0]))
    .action((file: string, { graph }: { readonly graph: GraphChoice }) =>
      perform(file, () => describeCommand({ file, graph, screen })),
    );
  program
    .command("check")
    .description(CHECK_DESCRIPTION)
    .addArgument(modelArgument())
    .option("-n, --samples <count>", "elements of each weight that are compared", sampleCount, 3)
    .option("--json", "print one JSON object")
    .action((file: string, { samples, json = false }: { readonly samples: number; readonly json?: boolean }) =>
      perform(file, () => checkCommand({ file, samples, json, screen })),
    );
  program
    .command("report")
    .description("Write a run as one HTML page that needs nothing else, and its figures as files.")
    .argument("<run>", "folder of a run, also of one that goes on or was stopped")
    .option("-o, --out <file>", "the page (default: report.html in the folder of the run)")
    .option("-p, --plots <folder>", "write each figure as a file into this folder")
    .addOption(
      new Option("-f, --format <which>", "what the figures become").choices(PLOT_FORMATS).default(PLOT_FORMATS[0]),
    )
    .action((run: string, { out, plots, format }: ReportFlags) =>
      perform(join(run, MODEL_FILES.config), () => reportCommand({ run, out, plots, format, screen })),
    );
  program
    .command("compare")
    .description("Compare runs: what differs in their documents, and what came of it.")
    .argument("<run...>", "folders of two runs or more")
    .option("-o, --out <file>", "write the comparison as an HTML page as well")
    .action(async (runs: readonly string[], { out }: { readonly out?: string }, self: Command) => {
      if (runs.length < 2) self.error("error: compare needs two runs or more", { exitCode: EXIT.usage });
      await perform(runs.join(", "), (onFile) => compareCommand({ runs, out, screen, onFile }));
    });
  program
    .command("graph")
    .description(
      "Print a model's graph at any stage: what predicts, the loss with its gradient, or the whole training step.",
    )
    .addArgument(modelArgument())
    .addOption(new Option("-f, --format <form>", "how it is written").choices(GRAPH_FORMS).default(GRAPH_FORMS[0]))
    .option("--gradient", "the loss and its gradient")
    .addOption(new Option("--step", "the training step: forward, backward, clipping and update").conflicts("gradient"))
    .option("--passes", "after the passes that every executor runs")
    .option("-o, --out <file>", "write it into a file")
    .action((file: string, flags: Omit<GraphCommand, "file" | "screen">) =>
      perform(file, () => graphCommand({ ...flags, file, screen })),
    );
  program
    .command("cells")
    .description(CELLS_DESCRIPTION)
    .argument("[name]", "the cell to explain")
    .option("-f, --find <word>", "list only cells that have the word in their name, title, source or description")
    .option("-u, --units <count>", "size of the state, for shapes and parameter counts", sizeOption, 32)
    .option("-i, --input <count>", "size of the input, for shapes and parameter counts", sizeOption, 32)
    .option("--svg <file>", "write the picture of the cell's data flow")
    .option("--json", "print the document of the cell, or the list, as JSON")
    .action((name: string | undefined, flags: CellsFlags) =>
      perform(flags.svg ?? "the library of cells", () => cellsCommand({ name, ...flags, screen })),
    );
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
