/** The sections of a run's page that hold words and tables. */
import { describeModel } from "@latchgrad/layers";
import { formatType } from "@latchgrad/core";
import { tasks } from "@latchgrad/optim";
import type { Session } from "../environment.js";
import { formatCount, formatNumber, formatSettings } from "../format.js";
import { scoreAgainst } from "../result.js";
import { betterOf } from "@latchgrad/optim";
import { html, type Content, type Markup } from "./html.js";
import { remarkOf, tableOf, tilesOf, verdictOf, type Section } from "./page.js";
import { endingOf, resultSentences, stepsMade } from "./run-words.js";
import { baselineOf, resultOf, valueOf, type RunData } from "./run-data.js";

/** The result in figures and words. */
export function resultSection(run: RunData): Section {
  const { model, config } = run.experiment;
  const result = resultOf(run);
  const baseline = baselineOf(run);
  const { parameters } = describeModel(model);
  const measures = result === undefined ? [] : ["loss", ...Object.keys(result.metrics)];
  const tiles = tilesOf([
    ...measures.map((name) => ({
      name: `${result?.split ?? ""} ${name}`,
      value: result === undefined ? "" : formatNumber(valueOf(result, name)),
      note: run.end?.test === undefined ? `at step ${formatCount(result?.step ?? 0)}` : undefined,
    })),
    ...(result === undefined || baseline === undefined
      ? []
      : [
          {
            name: "against the baseline",
            value: scoreAgainst(
              valueOf(result, baseline.metric),
              baseline.value,
              betterOf(run.experiment, baseline.metric),
            ),
            note: `${baseline.metric} ${formatNumber(baseline.value)}: ${baseline.says}`,
          },
        ]),
    {
      name: "training steps",
      value: formatCount(stepsMade(run)),
      note: `of ${formatCount(config.training.steps)}, ${formatCount(config.training.batch)} examples each`,
    },
    { name: "parameters", value: formatCount(parameters), note: undefined },
  ]);
  return {
    id: "result",
    title: "Result",
    content: [
      run.remarks.map(remarkOf),
      tiles,
      verdictOf(endingOf(run)),
      resultSentences(run).map((sentence) => html`<p>${sentence}</p>`),
      run.steps.skipped === 0
        ? undefined
        : remarkOf(
            `${formatCount(run.steps.skipped)} batches were left out, because their loss or gradient was not finite.`,
          ),
    ],
    figures: [],
  };
}

/** The task, the layers with their sizes, and the whole document. */
export function configSection({ experiment }: RunData): Section {
  const { config, model } = experiment;
  const { task, training } = config;
  const description = describeModel(model);
  const { optimizer, clip } = training;
  const facts: readonly (readonly [string, Content])[] = [
    ["task", [tasks[task.type].summary, html`<br />`, formatSettings(task)]],
    ["source", tasks[task.type].source],
    ["loss", description.loss],
    ...(description.metrics.length === 0 ? [] : [["metrics", description.metrics.join(", ")] as const]),
    ["optimizer", formatSettings(optimizer)],
    ["clip", clip === undefined ? "none" : formatSettings(clip)],
    ["batch", formatCount(training.batch)],
    ["seed", String(training.seed)],
  ];
  const layers = description.layers.map(({ name, type, inputs, output, parameters }) => [
    name,
    type,
    inputs.join(", "),
    formatType(output),
    formatCount(parameters),
  ]);
  const measures = model.objectives.map(({ name, kind, config: { type, prediction, target }, weight }) => [
    name,
    `${kind}: ${type}`,
    prediction ?? "the prediction",
    target,
    kind === "loss" ? String(weight) : "–",
  ]);
  return {
    id: "config",
    title: "Model, task and training",
    content: [
      factsTable(facts),
      html`<h3>Layers</h3>`,
      tableOf(["layer", "type", "reads", "output", "parameters"], layers, [4]),
      measures.length < 2
        ? undefined
        : [
            html`<h3>Losses and metrics</h3>`,
            tableOf(["name", "what", "of", "against", "weight in the loss"], measures, [4]),
          ],
      html`<details>
        <summary>The whole document, with all defaults</summary>
        <pre>${JSON.stringify(config, undefined, 2)}</pre>
      </details>`,
    ],
    figures: [],
  };
}

const factsTable = (facts: readonly (readonly [string, Content])[]): Markup =>
  html`<div class="scroll">
    <table>
      <tbody>
        ${facts.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;

/** Where and how the run was computed; undefined where nothing is known. */
export function environmentSection({ sessions }: RunData): Section | undefined {
  if (sessions.length === 0) return undefined;
  const rows = sessions.map((session, i) => [
    String(i + 1),
    formatCount(session.fromStep),
    session.latchgrad,
    `Node ${session.node.replace(/^v/, "")}, V8 ${session.v8}`,
    `${session.platform} ${session.arch}, ${session.cpu}`,
    precisionOf(session),
    String(session.threads),
    String(session.seed),
    session.began,
  ]);
  const headings = ["session", "from step", "Latchgrad", "engine", "machine", "precision", "threads", "seed", "began"];
  return {
    id: "environment",
    title: "Environment",
    content: [
      html`<p>
        ${sessions.length === 1 ? "The run was made in one session." : `The run was gone on with ${formatCount(sessions.length - 1)} times; a resumed run has the bits of one without a break.`}
      </p>`,
      tableOf(headings, rows, [0, 1, 6]),
    ],
    figures: [],
  };
}

const precisionOf = ({ precision, roundsOnce }: Session): string =>
  `${precision}${roundsOnce ? ", multiply and add round once" : ""}`;
