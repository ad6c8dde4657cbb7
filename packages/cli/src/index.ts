/** The public surface of @latchgrad/cli: re-exports only. The command itself is main.ts. */
export type { Surroundings } from "./commands/context.js";
export { runCommandLine } from "./command-line.js";
export { roundOnceOnNode20 } from "./engine.js";
export { filesBeside, readExperimentFile } from "./experiment-file.js";
export { FileError } from "./failure.js";
export { formatNumber, formatTable } from "./format.js";
export type { Screen } from "./screen.js";
export type { NamedRun } from "./report/comparison.js";
export { comparedMeasureFigure, comparedMemoryFigures } from "./report/compared-curves.js";
export { curveFigures, measureFigure } from "./report/curves.js";
export {
  below,
  beside,
  figureElement,
  figureFile,
  legend,
  titled,
  type Drawing,
  type Figure,
  type LegendEntry,
} from "./report/drawing.js";
export { flowPanelsFigure, flowVerdicts, gradientFlowFigure } from "./report/gradient-flow.js";
export { heatMapFigures } from "./report/heat-maps.js";
export { memoryFigures } from "./report/memory-curves.js";
export { openPen, type Marks, type Pen, type PlotOptions } from "./report/pen.js";
export { seriesColour } from "./report/palette.js";
export { openPixels } from "./report/pixels.js";
export { readRun } from "./report/read-run.js";
export type { EvaluationRow, RunData, RunEnd, StepColumns, TimingRow } from "./report/run-data.js";
export { formatTick, logTicks } from "./report/series.js";
export { halfLifeFigure, halfLifeWords, saturationFigure, saturationWords } from "./report/saturation.js";
export { sweepFigures, type SweepOutcome, type TrialOutcome } from "./report/sweep-figures.js";
export { distributionFigure, updateRatioFigure } from "./report/weight-updates.js";
export type { Session } from "./environment.js";
