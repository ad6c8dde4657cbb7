/** Commands that show models, cells and runs. */
import type { Precision } from "@latchgrad/core";
import { MODEL_FILES } from "@latchgrad/layers";
import { Option, type Command } from "commander";
import { join } from "node:path";
import { compareCommand } from "../compare-command.js";
import { cellsCommand } from "../cells-command.js";
import { checkCommand } from "../check-command.js";
import { describeCommand } from "../describe-command.js";
import { PRECISIONS } from "../environment.js";
import { EXIT } from "../failure.js";
import { GRAPH_FORMS, graphCommand, type GraphCommand } from "../graph-command.js";
import { profileCommand } from "../profile-command.js";
import { PLOT_FORMATS, reportCommand } from "../report-command.js";
import type { PlotFormat } from "../report/write-report.js";
import type { CommandContext } from "./context.js";
import { countUpTo, modelArgument, settingOption } from "./options.js";

const CHECK_DESCRIPTION = `Check a model before it is trained: its document, shapes, gradients, and what training it will be like.

Gradients are compared with central differences in f64, on two examples of the task and the reference executor. Exit code 0: nothing is
wrong; 1: something is, and it is said what and where.`;

const PROFILE_DESCRIPTION = `Say what a training step spends its time on.

The model is trained for some seconds, on one thread, and nothing is kept. The first table tells the time by place in the document: layers, equations and their parts, loss, optimizer; gradients count where
what they are gradients of stands. The second tells it by what is computed together.`;

interface ProfileFlags {
  readonly set?: readonly string[];
  readonly steps?: number;
  readonly rows: number;
  readonly precision: Precision;
  readonly json?: boolean;
}

interface ReportFlags {
  readonly out?: string;
  readonly plots?: string;
  readonly format: PlotFormat;
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

/** Adds describe, check, profile, report, compare, graph and cells. */
export function addViewCommands(program: Command, { perform, screen }: CommandContext): void {
  program
    .command("describe")
    .description("Show a model's task, training, and layers with their parameter counts; graph shows the rest.")
    .addArgument(modelArgument())
    .action((file: string) => perform(file, () => describeCommand({ file, screen })));
  program
    .command("check")
    .description(CHECK_DESCRIPTION)
    .addArgument(modelArgument())
    .option("-n, --samples <count>", "elements of each weight that are compared", countUpTo(1000), 3)
    .option("--json", "print one JSON object")
    .action((file: string, { samples, json = false }: { readonly samples: number; readonly json?: boolean }) =>
      perform(file, () => checkCommand({ file, samples, json, screen })),
    );
  program
    .command("profile")
    .description(PROFILE_DESCRIPTION)
    .addArgument(modelArgument())
    .addOption(settingOption())
    .option("-n, --steps <count>", "steps that are measured (default: for three seconds)", countUpTo(1_000_000))
    .option("--rows <count>", "rows of the second table, at most", countUpTo(10_000), 20)
    .addOption(
      new Option("--precision <which>", "how sums of products are rounded").choices(PRECISIONS).default("fast"),
    )
    .option("--json", "print one JSON object")
    .action((file: string, { set = [], json = false, ...options }: ProfileFlags) =>
      perform(file, () => profileCommand({ file, settings: set, json, ...options, screen })),
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
    .option("-u, --units <count>", "size of the state, for shapes and parameter counts", countUpTo(1_000_000), 32)
    .option("-i, --input <count>", "size of the input, for shapes and parameter counts", countUpTo(1_000_000), 32)
    .option("--svg <file>", "write the picture of the cell's data flow")
    .option("--json", "print the document of the cell, or the list, as JSON")
    .action((name: string | undefined, flags: CellsFlags) =>
      perform(flags.svg ?? "the library of cells", () => cellsCommand({ name, ...flags, screen })),
    );
}
