/** The page that compares runs: what differs, curves over each other, and what each network does beside each other. */
import { formatCount } from "../format.js";
import { comparedMeasureFigure, comparedMemoryFigures } from "./compared-curves.js";
import { differencesOf, formatField, remarksOf, resultRows, type NamedRun } from "./comparison.js";
import { flowPanelsFigure, flowVerdicts } from "./gradient-flow.js";
import { html, trusted, type Content } from "./html.js";
import { remarkOf, tableOf, verdictOf, type Page } from "./page.js";
import { seriesColour } from "./palette.js";
import type { Pen } from "./pen.js";
import { measuresOf, recordsOf } from "./run-data.js";
import { endingOf } from "./run-words.js";

/** The page of a comparison of two runs or more. */
export function comparisonPage(pen: Pen, runs: readonly NamedRun[]): Page {
  const names: readonly Content[] = runs.map(({ name }, i) => [
    trusted(`<span class="swatch" style="background:${seriesColour(i)}"></span>`),
    name,
  ]);
  const differences = differencesOf(runs.map(({ run }) => run.experiment.config));
  const measures = [...new Set(runs.flatMap(({ run }) => measuresOf(run.steps).map(([name]) => name)))];
  const flows = runs.map(({ name, run }) => ({ name, records: recordsOf(run, "gradientFlow") }));
  const flow = flowPanelsFigure(pen, flows);
  const memory = comparedMemoryFigures(pen, runs);
  const verdicts = flows.flatMap(({ name, records }) => {
    const last = flowVerdicts(
      records.slice(-Math.max(1, new Set(records.map(({ layer, state }) => `${layer} ${state}`)).size)),
    );
    return last.map((sentence) => `${name}: ${sentence}`);
  });
  return {
    title: runs.map(({ name }) => name).join(" · "),
    kind: "Comparison of training runs",
    lead: `${formatCount(runs.length)} runs, each with the same colour throughout.`,
    sections: [
      {
        id: "result",
        title: "Results",
        content: [
          remarksOf(runs).map(remarkOf),
          tableOf(
            ["", ...names],
            resultRows(runs).map(({ what, values }) => [what, ...values]),
          ),
          html`<ul>
            ${runs.map(({ name, run }) => html`<li>${name}: ${endingOf(run)}</li>`)}
          </ul>`,
        ],
        figures: [],
      },
      {
        id: "config",
        title: "What differs",
        content:
          differences.length === 0
            ? html`<p>The documents of all runs are the same.</p>`
            : tableOf(
                ["field", ...names],
                differences.map(({ field, values }) => [html`<code>${field}</code>`, ...values.map(formatField)]),
              ),
        figures: [],
      },
      {
        id: "training",
        title: "Training",
        content: undefined,
        figures: measures.map((measure) => comparedMeasureFigure(pen, runs, measure)),
      },
      ...(flow === undefined
        ? []
        : [{ id: "gradient", title: "Gradient flow", content: verdicts.map(verdictOf), figures: [flow] }]),
      ...(memory.length === 0 ? [] : [{ id: "memory", title: "Memory", content: undefined, figures: memory }]),
    ],
  };
}
