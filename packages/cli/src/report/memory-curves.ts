/** How right the answers are by how far back the input lies that they need. */
import type { MemoryRecord } from "@latchgrad/optim";
import { idOf, MARGINS, valueAxis } from "./curves.js";
import { below, legend, type Figure } from "./drawing.js";
import { stepRamp } from "./gradient-flow.js";
import { GUIDE, orderedColour } from "./palette.js";
import type { Pen } from "./pen.js";
import { evenly, extent, formatTick, type Point } from "./series.js";

const WIDTH = 720;
const HEIGHT = 260;
const MOST_CURVES = 8;

/** The middle of each bin with a value. */
export const memoryPoints = (
  { bins }: MemoryRecord,
  read: (bin: MemoryRecord["bins"][number]) => number | null | undefined,
): readonly Point[] =>
  bins.flatMap((bin) => {
    const value = read(bin);
    return value === null || value === undefined ? [] : [{ x: (bin.from + bin.to) / 2, y: value }];
  });

/** A figure per metric: its value against the distance, one curve per recorded step. */
export function memoryFigures(pen: Pen, records: readonly MemoryRecord[]): readonly Figure[] {
  const metrics = [...new Set(records.map(({ metric }) => metric))];
  return metrics.flatMap((metric) => {
    const all = records.filter((record) => record.metric === metric);
    const own = evenly(all, MOST_CURVES);
    const last = own.at(-1);
    const first = own[0];
    if (last === undefined || first === undefined) return [];
    const chance = memoryPoints(last, (bin) => bin.chance);
    const curves = own.map((record) => ({ step: record.step, points: memoryPoints(record, ({ value }) => value) }));
    const colourOf = (step: number): string =>
      orderedColour(last.step === first.step ? 1 : (step - first.step) / (last.step - first.step));
    const values = [...curves.flatMap(({ points }) => points), ...chance].map(({ y }) => y);
    const [from, to] = extent(curves.flatMap(({ points }) => points.map(({ x }) => x)));
    const what =
      last.over === "distance" ? "distance back to the needed input, in steps" : "length of the sequence, in steps";
    const plot = pen.plot({
      width: WIDTH,
      height: HEIGHT,
      ...MARGINS,
      x: {
        domain: from === to ? [from - 1, to + 1] : [from, to],
        label: what,
        labelAnchor: "center",
        labelArrow: "none",
        ticks: 8,
        tickFormat: formatTick,
      },
      y: { ...valueAxis(values, metric), grid: true },
      marks: [
        pen.marks.lineY(chance, { x: "x", y: "y", stroke: GUIDE, strokeDasharray: "5,3", strokeWidth: 1.5 }),
        chance.length === 1
          ? pen.marks.ruleY(
              chance.map(({ y }) => y),
              { stroke: GUIDE, strokeDasharray: "5,3" },
            )
          : null,
        ...curves.map(({ step, points }) =>
          pen.marks.lineY(points, {
            x: "x",
            y: "y",
            stroke: colourOf(step),
            strokeWidth: step === last.step ? 2.4 : 1.5,
            marker: step === last.step ? "dot" : "none",
          }),
        ),
      ],
    });
    const scale = stepRamp(first.step, last.step);
    const baseline = legend(chance.length === 0 ? [] : [{ label: "baseline", colour: GUIDE, sign: "dashes" }], 120);
    return [
      {
        id: `memory-${idOf(metric)}`,
        title: `Memory: ${metric} against ${last.over}`,
        caption:
          `${metric === "loss" ? "The loss" : `The metric ${metric}`} of answers to validation examples, by ${last.over === "distance" ? "how many steps back the farthest input lies that the answer needs" : "the length of the sequence"}; ${last.better} is better. ` +
          "Where a curve meets the baseline, the model has forgotten what it would need. The latest recorded step has dots.",
        drawing: below([scale, ...(chance.length === 0 ? [] : [baseline]), plot], 4),
      },
    ];
  });
}
