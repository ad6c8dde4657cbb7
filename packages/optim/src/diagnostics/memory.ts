/** Memory: loss and metrics of answers by how far back the input lies that they need, and at other lengths of the task. */
import {
  buildGraph,
  compile,
  type Executable,
  type Graph,
  type Precision,
  type TensorData,
  type TensorsByName,
  type Value,
} from "@latchgrad/core";
import { betterSideOf, buildModel } from "@latchgrad/layers";
import { averagesOf, findBaseline, lossType, usedInputs } from "../evaluation.js";
import { evaluationBatches, type Experiment } from "../experiment.js";
import { metricNames } from "../training-step.js";
import { signatureOf } from "../tasks/registry.js";
import type { Batch } from "../data/batch.js";
import type { Task } from "../tasks/task.js";
import type { MemoryRecord } from "./records.js";
import { recorded } from "./steps.js";

/** Positions that count, as objectives understand it. */
const MASK = "mask";
/** At most; distances are grouped into bins of equal width. */
const MOST_BINS = 10;

/** A task made at one length. */
export interface TaskAtLength {
  readonly length: number;
  readonly task: Task;
}

export interface MemoryProbe {
  measure(weights: TensorsByName, step: number): Promise<readonly MemoryRecord[]>;
  dispose(): void;
}

interface Measured {
  readonly name: string;
  readonly better: MemoryRecord["better"];
}

/** Prepares the measuring; what a task or model has nothing for is left out. */
export async function makeMemoryProbe(
  experiment: Experiment,
  task: Task,
  lengths: readonly TaskAtLength[],
  precision: Precision,
): Promise<MemoryProbe> {
  const measured: readonly Measured[] = [
    { name: "loss", better: "lower" },
    ...metricNames(experiment.model).map((name) => {
      const objective = experiment.model.objectives.find((each) => each.name === name);
      return { name, better: objective === undefined ? "lower" : betterSideOf(objective.config) } as const;
    }),
  ];
  const byDistance = task.distances === undefined ? undefined : await distanceProbe(experiment, task, precision);
  const byLength = lengths.length === 0 ? undefined : await evaluationProbe(experiment, measured, precision);
  return {
    async measure(weights, step) {
      const records: MemoryRecord[] = [];
      const record = (over: MemoryRecord["over"], bins: readonly Bin[]): void => {
        if (bins.length === 0) return;
        for (const { name, better } of measured)
          if (bins.every(({ values }) => Object.hasOwn(values, name)))
            records.push({
              kind: "memory",
              step,
              metric: name,
              better,
              over,
              bins: bins.map(({ from, to, answers, values, chances }) => ({
                from,
                to,
                answers,
                value: recorded(values[name]),
                ...(Object.hasOwn(chances, name) ? { chance: recorded(chances[name]) } : {}),
              })),
            });
      };
      if (byDistance !== undefined) record("distance", await byDistance.measure(weights));
      if (byLength !== undefined) record("length", await byLength.measure(weights, lengths));
      return records;
    },
    dispose() {
      byDistance?.dispose();
      byLength?.dispose();
    },
  };
}

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly answers: number;
  readonly values: Readonly<Record<string, number>>;
  readonly chances: Readonly<Record<string, number>>;
}

/** The validation batches of an evaluation. */
async function batchesOf({ config: { training } }: Experiment, task: Task): Promise<readonly Batch[]> {
  const wanted = evaluationBatches(training);
  const count = Math.min(wanted, task.batchesPerEpoch("validation", training.batch) ?? wanted);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => task.batch("validation", index, training.batch)),
  );
}

/** The scores of the task that need no learning, by metric. */
function chancesOf(experiment: Experiment, task: Task, names: readonly string[]): Readonly<Record<string, number>> {
  const baselines = task.baselines("validation");
  const type = lossType(experiment);
  return Object.fromEntries(
    names.flatMap((name) => {
      const found = findBaseline(baselines, type, [name]);
      return found === undefined ? [] : [[name, found.value]];
    }),
  );
}

/** Sums of values over batches, each weighted by how many answers it is of. */
function meansOf(experiment: Experiment): {
  add(outputs: TensorsByName, names: readonly string[], answers: number): void;
  means(): Readonly<Record<string, number>>;
  answers(): number;
} {
  const averages = averagesOf(experiment);
  const sums = new Map<string, number>();
  let count = 0;
  return {
    add(outputs, names, answers) {
      count += answers;
      for (const name of names)
        sums.set(name, (sums.get(name) ?? 0) + answers * averages(name).before(outputs[name].data[0]));
    },
    means: () => Object.fromEntries([...sums].map(([name, sum]) => [name, averages(name).after(sum / count)])),
    answers: () => count,
  };
}

/**
 * The model with a mask for its targets, so that every loss and metric can be taken of those answers alone that lie at one distance:
 * they need not know of it.
 */
async function distanceProbe(
  experiment: Experiment,
  task: Task,
  precision: Precision,
): Promise<{ measure(weights: TensorsByName): Promise<readonly Bin[]>; dispose(): void } | undefined> {
  const { config, model } = experiment;
  const batches = await batchesOf(experiment, task);
  const distances = batches.map((batch) => task.distances?.(batch));
  const [first] = distances;
  if (first === undefined) return undefined;
  const { task: taskConfig, training: _, ...modelConfig } = config;
  const { inputs, targets } = signatureOf(taskConfig, config.dtype);
  const [target] = Object.values(targets);
  const maskType = targets[MASK] ?? { dtype: config.dtype, dims: target.dims.slice(0, first.dims.length) };
  const masked = buildModel(modelConfig, { inputs, targets: { ...targets, [MASK]: maskType } });
  const counted = masked.objectives
    .filter(
      ({ config: { mask, target: of } }) => (mask === undefined || mask === MASK) && of === Object.keys(targets)[0],
    )
    .map(({ name }) => name);
  const losses = model.objectives.filter(({ kind }) => kind === "loss");
  const names = ["loss", ...metricNames(model)].filter((name) =>
    name === "loss" ? losses.every((loss) => counted.includes(loss.name)) : counted.includes(name),
  );
  if (names.length === 0) return undefined;
  const whole = masked.graph("eval");
  const graph = { ...whole, outputs: whole.outputs.filter(({ name }) => names.includes(name)) };
  const used = new Set(graph.params.map(({ name }) => name).filter((name) => name !== MASK));
  const bins = binsOf(distances.flatMap((each) => [...(each?.data ?? [])]));
  if (bins.length === 0) return undefined;
  const executable: Executable = await compile(forEachMask(graph, bins.length), { precision });
  const chances = chancesOf(experiment, task, names);
  return {
    async measure(weights) {
      const means = bins.map(() => meansOf(experiment));
      for (const [i, batch] of batches.entries()) {
        const masks = bins.map(({ from, to }) =>
          maskOf(distances[i] ?? first, batch[MASK], from, to, maskType.dtype === "f64"),
        );
        const outputs = await executable.run({
          ...usedInputs(weights, used),
          ...usedInputs(batch, used),
          ...Object.fromEntries(masks.map((mask, bin) => [nameIn(MASK, bin), mask])),
        });
        for (const [bin, { data }] of masks.entries()) {
          const answers = Array.from(data).reduce((sum, weight) => sum + weight, 0);
          const own = Object.fromEntries(names.map((name) => [name, outputs[nameIn(name, bin)]]));
          if (answers > 0) means[bin].add(own, names, answers);
        }
      }
      return bins.map(({ from, to }, bin) => ({
        from,
        to,
        answers: means[bin].answers(),
        values: means[bin].means(),
        // Guessing scores are those of all answers; here only where all lie in one bin.
        chances: bins.length === 1 || first.dims.length === 1 ? chances : {},
      }));
    },
    dispose() {
      executable.dispose();
    },
  };
}

const nameIn = (name: string, bin: number): string => `${name}.${bin}`;

/**
 * The results of a graph for so many masks at once, "loss.0", "loss.1", ... Its nodes stand there once for each, and the compiler computes once
 * what does not depend on the mask: all of the model.
 */
function forEachMask(graph: Graph, count: number): Graph {
  const g = buildGraph(graph.name);
  const shared = new Map(
    graph.params.filter(({ name }) => name !== MASK).map(({ name, type }) => [name, g.param(name, type)]),
  );
  const outputs: [string, Value][] = [];
  for (let bin = 0; bin < count; bin++) {
    const args = graph.params.map(({ name, type }) => shared.get(name) ?? g.param(nameIn(name, bin), type));
    const values = g.inline(graph, args);
    outputs.push(...graph.outputs.map(({ name }, i) => [nameIn(name, bin), values[i]] as [string, Value]));
  }
  return g.build(Object.fromEntries(outputs));
}

/** Bins of equal width that hold all distances; those below 0 are of answers that need no memory. */
export function binsOf(distances: readonly number[]): readonly { readonly from: number; readonly to: number }[] {
  const counted = distances.filter((distance) => distance >= 0);
  if (counted.length === 0) return [];
  const least = counted.reduce((a, b) => Math.min(a, b));
  const greatest = counted.reduce((a, b) => Math.max(a, b));
  const width = Math.ceil((greatest - least + 1) / MOST_BINS);
  return Array.from({ length: Math.ceil((greatest - least + 1) / width) }, (_, i) => ({
    from: least + i * width,
    to: Math.min(greatest, least + (i + 1) * width - 1),
  })).filter(({ from, to }) => counted.some((distance) => distance >= from && distance <= to));
}

/** 1 where an answer's distance lies in the bin, times the task's own mask. */
function maskOf(
  distances: TensorData,
  own: TensorData | undefined,
  from: number,
  to: number,
  isDouble: boolean,
): TensorData {
  const weights = Array.from(distances.data, (distance, i) =>
    distance >= from && distance <= to ? (own?.data[i] ?? 1) : 0,
  );
  return isDouble
    ? { dtype: "f64", dims: distances.dims, data: Float64Array.from(weights) }
    : { dtype: "f32", dims: distances.dims, data: Float32Array.from(weights) };
}

async function evaluationProbe(
  experiment: Experiment,
  measured: readonly Measured[],
  precision: Precision,
): Promise<{
  measure(weights: TensorsByName, lengths: readonly TaskAtLength[]): Promise<readonly Bin[]>;
  dispose(): void;
}> {
  const names = measured.map(({ name }) => name);
  const whole = experiment.model.graph("eval");
  const graph = { ...whole, outputs: whole.outputs.filter(({ name }) => names.includes(name)) };
  const used = new Set(graph.params.map(({ name }) => name));
  const executable = await compile(graph, { precision });
  return {
    async measure(weights, lengths) {
      const bins: Bin[] = [];
      for (const { length, task } of lengths) {
        const means = meansOf(experiment);
        for (const batch of await batchesOf(experiment, task)) {
          const outputs = await executable.run({ ...usedInputs(weights, used), ...usedInputs(batch, used) });
          means.add(outputs, names, Object.values(batch)[0].dims[0]);
        }
        const chances = chancesOf(experiment, task, names);
        bins.push({ from: length, to: length, answers: means.answers(), values: means.means(), chances });
      }
      return bins;
    },
    dispose() {
      executable.dispose();
    },
  };
}
