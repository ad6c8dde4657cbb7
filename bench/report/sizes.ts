/** Tables of what depends on sizes: compilation, and memory. */
import type { PlannedMemory, Results } from "../results.ts";
import { nameOf } from "../workload.ts";
import { format, printTable, ratio } from "./table.ts";

const megabytes = (bytes: number): string => format(bytes / 1e6);

export const compilationTable = ({ compilations }: Results): string =>
  printTable(
    ["T x B x H", "Derivation", "Weights", "Compilation", "First step", "Later steps", "Later steps / T", "Module, kB"],
    compilations.map(({ sizes, derivation, weights, compilation, firstStep, bytes, timing: { median } }) => [
      nameOf(sizes),
      ...[derivation, weights, compilation, firstStep, median, median / sizes.T, bytes / 1000].map(format),
    ]),
  );

/** The plans that only the cell tells apart come before those of growing lengths, which have two forms. */
const isGrowth = ({ sizes }: PlannedMemory, plans: readonly PlannedMemory[]): boolean =>
  plans.some((other) => other.checkpoint !== "none" && nameOf(other.sizes) === nameOf(sizes));

export const planTable = ({ plans }: Results): string =>
  printTable(
    ["T x B x H", "Cell", "Plan, MB", "Alive, MB", "Plan / alive"],
    plans
      .filter((plan) => !isGrowth(plan, plans))
      .map(({ sizes, cell, bytes, alive }) => [
        nameOf(sizes),
        cell,
        megabytes(bytes),
        megabytes(alive),
        ratio(bytes / alive),
      ]),
  );

export function growthTable({ plans }: Results): string {
  const growth = plans.filter((plan) => isGrowth(plan, plans));
  const rows = growth
    .filter(({ checkpoint }) => checkpoint === "none")
    .map(({ sizes, bytes, alive }) => {
      const saved = growth.find((plan) => plan.checkpoint !== "none" && nameOf(plan.sizes) === nameOf(sizes));
      return [
        nameOf(sizes),
        megabytes(bytes),
        ratio(bytes / alive),
        megabytes(saved?.bytes ?? NaN),
        ratio((saved?.bytes ?? NaN) / (saved?.alive ?? NaN)),
      ];
    });
  return printTable(["T x B x H", "Plan, MB", "/ alive", "With checkpoint, MB", "/ alive"], rows);
}

/** With and without checkpoints: plans, and minima of step times. */
export const checkpointTable = ({ checkpoints = [] }: Results): string =>
  printTable(
    ["T x B x H", "Cell", "Plan, MB", "with `sqrt`", "saves", "Step, ms", "with `sqrt`", "takes"],
    checkpoints.map(({ cell, sizes, forms }) => {
      const [none, sqrt] = forms;
      return [
        nameOf(sizes),
        cell,
        megabytes(none.bytes),
        megabytes(sqrt.bytes),
        ratio(none.bytes / sqrt.bytes),
        format(none.timing.minimum),
        format(sqrt.timing.minimum),
        ratio(sqrt.timing.minimum / none.timing.minimum),
      ];
    }),
  );

export function heapText({ heap }: Results): string {
  const { sizes, runs, heapBefore, heapAfter, outsideBefore, outsideAfter } = heap;
  return (
    `Over ${runs} runs of the LSTM at ${nameOf(sizes)}, V8's heap went from ${megabytes(heapBefore)} to ${megabytes(heapAfter)} MB, and what lies outside of ` +
    `it from ${megabytes(outsideBefore)} to ${megabytes(outsideAfter)} MB, each after a collection.`
  );
}
