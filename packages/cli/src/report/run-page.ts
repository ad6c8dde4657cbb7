/** The page of a run. */
import { tasks } from "@latchgrad/optim";
import { formatSettings } from "../format.js";
import { cellSection } from "./cell-section.js";
import { curveFigures } from "./curves.js";
import type { Figure } from "./drawing.js";
import { flowVerdicts, gradientFlowFigure } from "./gradient-flow.js";
import { heatMapFigures } from "./heat-maps.js";
import { html } from "./html.js";
import { memoryFigures } from "./memory-curves.js";
import { verdictOf, type Page, type Section } from "./page.js";
import type { Pen } from "./pen.js";
import { measuresOf, recordsOf, type RunData } from "./run-data.js";
import { configSection, environmentSection, resultSection } from "./run-sections.js";
import { halfLifeFigure, halfLifeWords, saturationFigure, saturationWords } from "./saturation.js";
import { distributionFigure, updateRatioFigure } from "./weight-updates.js";

/** The page of a run: a section for everything that its folder has. */
export function runPage(pen: Pen, run: RunData): Page {
  const { config } = run.experiment;
  const sections = [
    resultSection(run),
    curvesSection(pen, run),
    ...diagnosticSections(pen, run),
    cellSection(run),
    configSection(run),
    environmentSection(run),
  ];
  return {
    title: config.name,
    kind: "Training run",
    lead: `${tasks[config.task.type].summary} (${formatSettings(config.task)})`,
    sections: sections.filter((section) => section !== undefined),
  };
}

/** All figures of a page, in its order. */
export const figuresOf = ({ sections }: Page): readonly Figure[] => sections.flatMap(({ figures }) => figures);

function curvesSection(pen: Pen, run: RunData): Section {
  const figures = curveFigures(pen, run, measuresOf(run.steps));
  return {
    id: "training",
    title: "Training",
    content: run.steps.step.length === 0 ? html`<p>No step has been recorded yet.</p>` : undefined,
    figures: run.steps.step.length === 0 ? [] : figures,
  };
}

/** A section per kind of diagnosis that was recorded; a sentence where there is none. */
function diagnosticSections(pen: Pen, run: RunData): readonly Section[] {
  const flow = recordsOf(run, "gradientFlow");
  const retention = recordsOf(run, "retention");
  const updates = recordsOf(run, "updates");
  const sections: readonly Section[] = [
    {
      id: "gradient",
      title: "Gradient flow",
      content: flowVerdicts(flow).map(verdictOf),
      figures: present([gradientFlowFigure(pen, flow)]),
    },
    {
      id: "gates",
      title: "Gates and states",
      content: [...halfLifeWords(retention), ...saturationWords(recordsOf(run, "gates"))].map(verdictOf),
      figures: [
        ...heatMapFigures(pen, recordsOf(run, "values"), recordsOf(run, "example")),
        ...present([saturationFigure(pen, recordsOf(run, "gates")), halfLifeFigure(pen, retention)]),
      ],
    },
    { id: "memory", title: "Memory", content: undefined, figures: memoryFigures(pen, recordsOf(run, "memory")) },
    {
      id: "weights",
      title: "Weights and updates",
      content: undefined,
      figures: present([updateRatioFigure(pen, updates), distributionFigure(pen, updates)]),
    },
  ];
  const filled = sections.filter(({ figures }) => figures.length > 0);
  if (filled.length > 0) return filled;
  return [
    {
      id: "diagnostics",
      title: "Inside the network",
      content: html`<p>
        This run has no diagnostics. With <code>"diagnose": { "every": 100 }</code> under <code>"training"</code> it
        records how far the gradient reaches back, what gates and states do, how memory depends on distance, and how
        weights change.
      </p>`,
      figures: [],
    },
  ];
}

const present = (figures: readonly (Figure | undefined)[]): readonly Figure[] =>
  figures.filter((figure) => figure !== undefined);
