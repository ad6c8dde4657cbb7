/** Tables of cells. */
import { FUSED } from "../own.ts";
import type { Results } from "../results.ts";
import { inJax, inTorch, OWN_CELLS } from "../sections/cells.ts";
import { multiplyAdds, nameOf, type CellType } from "../workload.ts";
import { fractionOfPeak, medianOf, spreadOf, timesOf } from "./figures.ts";
import { format, percent, printTable, ratio } from "./table.ts";

export function cellTable({ cells }: Results): string {
  const rows = cells.flatMap(({ sizes, timings }) => {
    const lstm = medianOf(timings, "lstm");
    const lstmPerWork = lstm / multiplyAdds("lstm", sizes);
    return [FUSED, ...OWN_CELLS].map((name) => {
      const work = multiplyAdds(name === FUSED ? "lstm" : (name as CellType), sizes);
      const median = medianOf(timings, name);
      return [
        nameOf(sizes),
        name,
        format(median),
        spreadOf(timings, name, format),
        percent(fractionOfPeak(timings, name, work)),
        ratio(median / lstm),
        ratio(median / work / lstmPerWork),
      ];
    });
  });
  return printTable(
    ["T x B x H", "Cell", "Median, ms", "Of each process", "Of the peak", "Time / LSTM", "Per multiply-add / LSTM"],
    rows,
  );
}

/** Empty where a peer did not take part. */
export function cellPeerTable({ cells }: Results): string {
  const names = OWN_CELLS.filter((cell) =>
    cells.some(({ timings }) => [inTorch(cell), inJax(cell)].some((name) => timesOf(timings, name) !== undefined)),
  );
  const rows = cells.flatMap(({ sizes, timings }) =>
    names.map((cell) => [
      nameOf(sizes),
      cell,
      ...[inTorch(cell), inJax(cell)].map((name) => {
        const median = timesOf(timings, name)?.median;
        return median === undefined ? "" : ratio(median / medianOf(timings, cell));
      }),
    ]),
  );
  return rows.length === 0
    ? "Neither PyTorch nor JAX took part."
    : printTable(["T x B x H", "Cell", "PyTorch", "JAX"], rows);
}
