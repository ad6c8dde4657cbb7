// Figures of a sweep: what stands over which place, in which colour.
import { beforeAll, expect, test } from "vitest";
import { figureFile } from "../../src/report/drawing";
import { openPen, type Pen } from "../../src/report/pen";
import { sweepFigures, type TrialOutcome } from "../../src/report/sweep-figures";
import { all, documentOf } from "./elements";

let pen: Pen;
beforeAll(async () => {
  pen = await openPen();
});

const draw = (trials: readonly TrialOutcome[]): ReturnType<typeof sweepFigures> =>
  sweepFigures(pen, { measure: "validation loss", better: "lower", trials });

/** Two cells at three lengths with two seeds each. */
const grid = ["lstm", "gru"].flatMap((cell) =>
  [10, 20, 40].flatMap((length) =>
    [0.1, 0.3].map((value): TrialOutcome => ({ settings: { "cell.type": cell, length }, value })),
  ),
);

test("a figure per field that varies, with dots for trials, means, and a line where the field is a number", () => {
  const [byCell, byLength, ...others] = draw(
    [...grid, ...grid.slice(0, 1)].map((trial) => ({
      ...trial,
      settings: { ...trial.settings, fixed: 1 },
    })),
  );
  expect(others).toEqual([]);
  expect([byCell.title, byLength.title]).toEqual(["Validation loss by type", "Validation loss by length"]);
  const [cells, lengths] = [byCell, byLength].map((figure) => documentOf(figureFile(figure)));
  // 13 trials; a mean per cell and length; a legend of three lengths, or of two cells.
  expect(all(cells, "circle")).toHaveLength(13 + 6 + 3);
  expect(all(lengths, "circle")).toHaveLength(13 + 6 + 2);
  expect([cells, lengths].map((figure) => all(figure, "g[aria-label=line] path").length)).toEqual([0, 2]);
  expect(figureFile(byLength)).toContain("type gru");
});

test("values without a result are left out and told of; a sweep without results has no figures", () => {
  const [figure] = draw([...grid, { settings: { "cell.type": "gru", length: 80 } }]);
  expect(figure.caption).toContain("1 of 13 trials failed or have no result yet");
  expect(draw([{ settings: { length: 1 } }, { settings: { length: 2 } }])).toEqual([]);
});

test("drawn values have no means and no lines, and stand on a logarithmic axis where they span it", () => {
  const drawn = [0.001, 0.0042, 0.013, 0.07].map((rate): TrialOutcome => ({ settings: { rate }, value: rate * 2 }));
  const [figure] = draw(drawn);
  const svg = documentOf(figureFile(figure));
  expect(all(svg, "circle")).toHaveLength(4);
  expect(all(svg, "g[aria-label=line] path")).toHaveLength(0);
  expect(figureFile(figure)).toContain("rate (logarithmic)");
});

test("names from a document are text in the picture, whatever they contain", () => {
  const [figure] = draw([
    { settings: { name: "<script>" }, value: 1 },
    { settings: { name: [1, "&"] }, value: 2 },
  ]);
  expect(figureFile(figure)).toContain("&lt;script&gt;");
  expect(figureFile(figure)).not.toContain("<script>");
});
