/** Commands that train models and use them. */
import type { Precision } from "@latchgrad/core";
import { Option, type Command } from "commander";
import { SPLITS, type Split } from "@latchgrad/optim";
import { PRECISIONS } from "../environment.js";
import { evalCommand } from "../eval-command.js";
import { EXIT } from "../failure.js";
import { isFile } from "../files.js";
import { generateCommand } from "../generate-command.js";
import { ROW_FORMATS, type RowFormat } from "../predict/dialect.js";
import { predictCommand } from "../predict/predict-command.js";
import { runTrialCommand } from "../sweep/run-trial-command.js";
import { sweepCommand } from "../sweep/sweep-command.js";
import { trainCommand } from "../train-command.js";
import type { CommandContext } from "./context.js";
import { countUpTo, runPrecisionOption, settingOption, temperature } from "./options.js";

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

interface EvalFlags {
  readonly split: Split;
  readonly batches?: number;
  readonly precision?: Precision;
  readonly json?: boolean;
}

const PREDICT_DESCRIPTION = `Predict with a trained model.

A model that learned from data files reads rows with the same columns, without those of its targets, and answers in the units and classes
of the targets. Any other reads an example per line, {"x": [[0.1, 0], [0.4, 1]]}, or a table with a step per row and the columns x.0, x.1,
where "id" says which sequence a row belongs to.

A model of text reads a text file, or rows with a column "text", and says after each symbol which one comes next.

With --stream each line is the next step of a sequence, and is answered before the next line is read; what the model keeps in mind goes on from line
to line. An empty line, or a row of another sequence, begins a new one. A text is read as it comes, and each symbol of it has an answer of its own.`;

interface PredictFlags {
  readonly out?: string;
  readonly stream?: boolean;
  readonly format?: RowFormat;
  readonly skipBad?: boolean;
  readonly precision?: Precision;
  readonly threads: number;
}

const GENERATE_DESCRIPTION = `Let a trained model of text write.

The model reads the prompt, and then writes by itself: each symbol (character, byte or word, as in its training) is drawn from what it
expects behind those before. The same seed gives the same text. Where there is no prompt, it begins as behind the end of a line.`;

interface GenerateFlags {
  readonly length: number;
  readonly temperature: number;
  readonly seed: string;
  readonly precision?: Precision;
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

/** Adds train, eval, predict, generate, sweep and run-trial. */
export function addRunCommands(
  program: Command,
  { perform, screen, writeError, self: ownCommand }: CommandContext,
): void {
  program
    .command("train")
    .description(TRAIN_DESCRIPTION)
    .argument("<model>", "JSON file with the model, its task and its training; or the folder of a run, with --resume")
    .option("-o, --out <folder>", "the folder of the run (default: a new one in runs/)")
    .addOption(settingOption())
    .option("-r, --resume", "go on from the latest checkpoint in the folder; where there is none, begin")
    .addOption(
      new Option(
        "--precision <which>",
        "how sums of products are rounded (default: fast, or what the run began with)",
      ).choices(PRECISIONS),
    )
    .option("-t, --threads <count>", "how many threads share each step; changes no bit of the result", countUpTo(64), 1)
    .option("--tensorboard", "write an event file for TensorBoard as well")
    .option("--no-report", "write no report.html at the end")
    .action(async (file: string, options: TrainFlags, self: Command) => {
      const { out, set = [], resume = false, precision, threads = 1, tensorboard = false, report } = options;
      if (resume && out === undefined && (await isFile(file)))
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
    .option("--batches <count>", "how many batches, at most (default: as the config says)", countUpTo(1_000_000_000))
    .addOption(runPrecisionOption())
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
    .addOption(runPrecisionOption())
    .option("-t, --threads <count>", "how many threads share each batch", countUpTo(64), 1)
    .action((folder: string, input: string, { stream = false, skipBad = false, ...options }: PredictFlags) =>
      perform(folder, (onFile) =>
        predictCommand({ folder, input, stream, skipBad, ...options, screen, note: writeError, onFile }),
      ),
    );
  program
    .command("generate")
    .description(GENERATE_DESCRIPTION)
    .argument("<folder>", "folder of a model, or of a run")
    .argument("[prompt]", "what the text begins with")
    .option("-n, --length <count>", "how many symbols are written behind it", countUpTo(1_000_000_000), 400)
    .option(
      "--temperature <number>",
      "below 1 the likely becomes likelier, above 1 all becomes alike; 0 takes the likeliest each time",
      temperature,
      1,
    )
    .option("--seed <text>", "another one gives another text", "1")
    .addOption(runPrecisionOption())
    .action((folder: string, prompt: string | undefined, options: GenerateFlags) =>
      perform(folder, () => generateCommand({ folder, prompt, ...options, screen, note: writeError })),
    );
  program
    .command("sweep")
    .description(SWEEP_DESCRIPTION)
    .argument("<sweep>", "JSON file with the sweep")
    .option("-o, --out <folder>", "the folder of the sweep (default: sweeps/ and its name)")
    .option("-j, --jobs <count>", "how many trials at a time (default: one per processor)", countUpTo(64))
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
    .option("-t, --threads <count>", "how many threads share each step", countUpTo(64), 1)
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
}
