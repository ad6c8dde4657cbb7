/** From the folders of the runs to the results of the story. */
import { readRun, type RunData } from "@latchgrad/cli";
import { decodeSafetensors } from "@latchgrad/layers";
import type { DiagnosticRecord } from "@latchgrad/optim";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ComparedRun, ExplodingRun, Flow, StoryResults, Traced, UnitWeights } from "./results.js";

/** Paths of the fields that the sweeps vary. */
const CELL = "layers.memory.cell.type";
const LENGTH = "task.length";
const OPTIMIZER = "training.optimizer.type";
const LIMIT = "training.clip.globalNorm";
/** A limit that no gradient reaches stands for none. */
const NO_LIMIT = 1e9;
const EVERY = 10;
const FLOW_SEED = 1;

/** A row of `results.jsonl`. */
interface Row {
  readonly id: string;
  readonly seed?: number;
  readonly error?: string;
  readonly [field: string]: unknown;
}

async function rowsOf(folder: string): Promise<readonly Row[]> {
  const text = await readFile(join(folder, "results.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

const runOf = (folder: string, id: string): Promise<RunData> => readRun(join(folder, "trials", id));

const numberIn = (row: Row, field: string): number => {
  const value = row[field];
  if (typeof value !== "number") throw new TypeError(`trial ${row.id} has no ${field}`);
  return value;
};

type RecordOf<K extends DiagnosticRecord["kind"]> = Extract<DiagnosticRecord, { readonly kind: K }>;

/** The records of a kind after the last step. */
function lastRecords<K extends DiagnosticRecord["kind"]>(run: RunData, kind: K): readonly RecordOf<K>[] {
  const records = run.diagnostics.filter((record): record is RecordOf<K> => record.kind === kind);
  const last = records.at(-1)?.step;
  return records.filter(({ step }) => step === last);
}

/** Numbers to 5 digits, which is more than a page shows and a fifth of the bytes. */
const rounded = (value: number): number => Number(value.toPrecision(5));
const roundedOrNull = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? rounded(value) : null;

/** The folders that the runs of the story are in. */
export interface StoryFolders {
  readonly distances: string;
  readonly exploding: string;
  readonly gates: string;
  /** Of the small LSTM. */
  readonly traced: string;
}

export async function collectResults(folders: StoryFolders): Promise<StoryResults> {
  const rows = await rowsOf(folders.distances);
  const compared: ComparedRun[] = [];
  const flows: Flow[] = [];
  // The longest sequences show best what becomes of the gradient, as long as one of the cells has learned them.
  const flowLength = Math.max(...rows.map((row) => numberIn(row, LENGTH)).filter((length) => length <= 80));
  let first: RunData | undefined;
  for (const row of rows) {
    const run = await runOf(folders.distances, row.id);
    first ??= run;
    compared.push(comparedRun(row, run));
    if (row[LENGTH] === flowLength && row.seed === FLOW_SEED) flows.push(...flowsOf(String(row[CELL]), run));
  }
  if (first === undefined) throw new TypeError("the sweep of distances has no trials");
  const exploding = await rowsOf(folders.exploding);
  const gates = await rowsOf(folders.gates);
  const { config } = first.experiment;
  return {
    baseline: first.end?.test?.baseline?.value ?? Number.NaN,
    units: unitsOf(first),
    steps: config.training.steps,
    compared,
    flowLength,
    flows,
    exploding: await Promise.all(
      exploding.map(async (row) => explodingRun(row, await runOf(folders.exploding, row.id))),
    ),
    traced: await tracedOf(folders.traced),
    variants: gates.map((row) => ({
      cell: String(row[CELL]),
      seed: row.seed ?? 0,
      loss: rounded(numberIn(row, "test.loss")),
    })),
  };
}

const unitsOf = (run: RunData): number => {
  const gates = lastRecords(run, "gradientFlow");
  const [layer] = run.experiment.config.layers;
  return gates.length > 0 && "cell" in layer && "units" in layer.cell ? Number(layer.cell.units) : 0;
};

function comparedRun(row: Row, run: RunData): ComparedRun {
  const memory = lastRecords(run, "memory").find(({ metric }) => metric === "loss");
  const retention = lastRecords(run, "retention")[0] as RecordOf<"retention"> | undefined;
  return {
    cell: String(row[CELL]),
    length: numberIn(row, LENGTH),
    seed: row.seed ?? 0,
    loss: rounded(numberIn(row, "test.loss")),
    memory: memory?.bins.map(({ from, to, value }) => ({ from, to, value })) ?? [],
    ...(retention === undefined ? {} : { halfLives: retention.units.map(({ halfLife }) => halfLife) }),
  };
}

const flowsOf = (cell: string, run: RunData): readonly Flow[] =>
  run.diagnostics.flatMap((record) =>
    record.kind === "gradientFlow"
      ? [
          {
            cell,
            state: record.state,
            step: record.step,
            norms: record.fromEnd ?? record.norms,
            perStep: record.verdict.perStep,
          },
        ]
      : [],
  );

function explodingRun(row: Row, { steps }: RunData): ExplodingRun {
  const some = (values: readonly number[]): readonly (number | null)[] =>
    values.filter((_, i) => i % EVERY === 0).map(roundedOrNull);
  const loss = row["test.loss"];
  return {
    optimizer: String(row[OPTIMIZER]),
    isClipped: row[LIMIT] !== NO_LIMIT,
    ...(typeof loss === "number" ? { loss: rounded(loss) } : {}),
    ...(row.error === undefined ? {} : { error: row.error }),
    gradientNorms: some(steps.gradientNorm),
    losses: some(steps.loss),
  };
}

async function tracedOf(folder: string): Promise<Traced> {
  const run = await readRun(folder);
  const values = lastRecords(run, "values");
  const retention = lastRecords(run, "retention")[0];
  const examples = run.diagnostics.filter((record) => record.kind === "example");
  const ofExample = (example: Example): Traced["values"] =>
    values.filter((record) => record.example === example.example);
  const [start] = examples;
  const unit = clearestUnit(ofExample(start), start);
  // The example in which both marked numbers are seen best.
  const example = examples.reduce((best, each) =>
    leastJump(ofExample(each), each, unit) > leastJump(ofExample(best), best, unit) ? each : best,
  );
  const own = ofExample(example);
  const weights = decodeSafetensors(await readFile(join(folder, "model.safetensors")));
  const columnOf = (name: string): readonly number[] => {
    const { dims, data } = weights[name];
    const units = dims.at(-1) ?? 1;
    return Array.from({ length: data.length / units }, (_, row) => rounded(data[row * units + unit] ?? Number.NaN));
  };
  const unitWeights = (gate: string): UnitWeights => ({
    input: columnOf(`memory.W${gate}`),
    state: columnOf(`memory.U${gate}`),
    bias: columnOf(`memory.b${gate}`)[0] ?? Number.NaN,
  });
  return {
    loss: rounded(run.end?.test?.loss ?? Number.NaN),
    unit,
    weights: { f: unitWeights("f"), i: unitWeights("i"), g: unitWeights("g"), o: unitWeights("o") },
    halfLives: retention.units.map(({ halfLife }) => halfLife),
    example,
    values: own,
  };
}

type Example = Traced["example"];

const marksOf = ({ inputs }: Example): readonly boolean[] =>
  Object.values(inputs)[0]?.map((features) => features[1] === 1) ?? [];

/** The smaller one of the changes of a unit's state at the marked steps. */
function leastJump(values: Traced["values"], example: Example, unit: number): number {
  const states = values.find(({ name }) => name === "c")?.values.map((row) => row[unit] ?? 0) ?? [];
  const jumps = marksOf(example).flatMap((marked, t) =>
    marked ? [Math.abs((states[t] ?? 0) - (states[t - 1] ?? 0))] : [],
  );
  return Math.min(...jumps);
}

/** The unit whose input gate tells marked steps from the others best. */
function clearestUnit(values: Traced["values"], example: Example): number {
  const input = values.find(({ name }) => name === "input")?.values ?? [];
  const marks = marksOf(example);
  const meanOf = (unit: number, marked: boolean): number => {
    const own = input.flatMap((row, t) => (marks[t] === marked ? [row[unit] ?? 0] : []));
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  };
  const contrasts = (input[0] ?? []).map((_, unit) => meanOf(unit, true) - meanOf(unit, false));
  return contrasts.indexOf(Math.max(...contrasts));
}
