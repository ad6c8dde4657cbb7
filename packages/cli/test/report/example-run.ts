// Folders of runs for tests of reports: a real document, and logs and diagnostics that are made up but look like real ones.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiagnosticRecord } from "@latchgrad/optim";

const UNITS = 8;
const LENGTH = 30;

export interface ExampleRun {
  readonly name?: string;
  readonly cell?: string;
  readonly steps?: number;
  readonly hasEnd?: boolean;
  readonly diagnostics?: readonly DiagnosticRecord[];
  /** Written behind the log. */
  readonly tail?: string;
  readonly environment?: object;
}

export const exampleDocument = (name: string, cell: string, steps: number): object => ({
  format: 1,
  name,
  task: { type: "adding", length: LENGTH },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: cell, units: UNITS }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  metrics: [{ type: "meanAbsoluteError" }],
  training: {
    optimizer: { type: "adam", learningRate: { type: "cosine", rate: 0.02, steps } },
    clip: { globalNorm: 1 },
    batch: 16,
    steps,
    seed: "latch",
    evaluate: { every: Math.max(1, Math.floor(steps / 20)) },
  },
});

/** A wave between -1 and 1 that looks like noise, and is the same each time. */
const noise = (index: number): number => Math.sin(index * 12.9898) * Math.cos(index * 78.233);

const lossAt = (step: number, steps: number): number =>
  0.17 * Math.exp((-4 * step) / steps) * (1 + 0.3 * noise(step)) + 0.003;

const baseline = { metric: "loss", value: 1 / 6, says: "always answering 1, the mean of all sums" };

function logOf(steps: number, hasEnd: boolean): string {
  const lines: object[] = [];
  const evaluation = (split: string, step: number): object => ({
    kind: "evaluation",
    split,
    step,
    loss: lossAt(step, steps) * 1.1,
    metrics: { meanAbsoluteError: Math.sqrt(lossAt(step, steps)) },
    batches: 10,
    baseline,
  });
  for (let step = 1; step <= steps; step++) {
    const loss = lossAt(step, steps);
    lines.push({
      kind: "step",
      step,
      loss,
      metrics: { meanAbsoluteError: Math.sqrt(loss) },
      learningRate: 0.01 * (1 + Math.cos((Math.PI * step) / steps)),
      gradientNorm: 0.3 + 3 * Math.exp((-5 * step) / steps) * (1 + 0.8 * noise(step + 7)),
    });
    if (step % Math.max(1, Math.floor(steps / 20)) === 0) lines.push(evaluation("validation", step));
  }
  if (hasEnd) lines.push({ kind: "end", reason: "steps", step: steps, test: evaluation("test", steps) });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Diagnostics of every kind, at five steps of the training. */
export function exampleDiagnostics(
  steps: number,
  perStep: readonly number[] = [0.75, 0.82, 0.9, 0.96, 0.985],
): readonly DiagnosticRecord[] {
  const at = perStep.map((_, i) => Math.round((i * steps) / (perStep.length - 1)));
  const verdictOf = (factor: number): Extract<DiagnosticRecord, { kind: "gradientFlow" }>["verdict"] => ({
    kind: factor < 0.9 ? "vanishing" : "steady",
    perStep: factor,
    steps: LENGTH - 1,
    ratio: factor ** (LENGTH - 1),
    advice: factor < 0.9 ? ["forgetBias", "gatedCell"] : [],
  });
  const flow = at.flatMap((step, i) =>
    ["h", "c"].map((state, s): DiagnosticRecord => ({
      kind: "gradientFlow",
      step,
      layer: "memory",
      state,
      reverse: false,
      norms: Array.from(
        { length: LENGTH },
        (_, t) => (0.3 / (s + 1)) * (perStep[i] ?? 1) ** (LENGTH - 1 - t) * (1 + 0.1 * noise(t + i)),
      ),
      verdict: verdictOf(perStep[i] ?? 1),
    })),
  );
  const wave = (t: number, unit: number): number => Math.sin((t * (unit + 1)) / 9 + unit);
  const last = at.at(-1) ?? 0;
  const inner = ["forget", "input", "output", "candidate"] as const;
  const values: readonly DiagnosticRecord[] = [
    {
      kind: "example",
      step: 0,
      example: 0,
      steps: LENGTH,
      every: 1,
      inputs: { x: Array.from({ length: LENGTH }, (_, t) => [(1 + noise(t)) / 2, t === 6 || t === 21 ? 1 : 0]) },
      targets: { y: [[1.1]] },
    },
    ...["h", "c", ...inner].map((name): DiagnosticRecord => {
      const range = name === "c" ? "any" : name === "h" || name === "candidate" ? "signed" : "unit";
      return {
        kind: "values",
        step: last,
        layer: "memory",
        name,
        role: name === "h" || name === "c" ? "state" : "inner",
        range,
        example: 0,
        every: 1,
        units: UNITS,
        values: Array.from({ length: LENGTH }, (_, t) =>
          Array.from({ length: UNITS }, (_, unit) =>
            range === "unit" ? (1 + wave(t, unit)) / 2 : range === "any" ? 2.3 * wave(t, unit) : wave(t, unit),
          ),
        ),
      };
    }),
  ];
  const gates = at.flatMap((step, i) =>
    inner.map((name, n): DiagnosticRecord => ({
      kind: "gates",
      step,
      layer: "memory",
      name,
      range: name === "candidate" ? "signed" : "unit",
      mean: 0.5 + 0.09 * i * (n === 0 ? 1 : -0.4),
      low: 0.02 * i,
      high: 0.1 * i,
      units: Array.from({ length: UNITS }, (_, unit) => ({ mean: 0.5, low: 0, high: unit < i ? 0.95 : 0.1 })),
    })),
  );
  const retention = at.map((step, i): DiagnosticRecord => ({
    kind: "retention",
    step,
    layer: "memory",
    state: "c",
    factor: "forget",
    mean: 0.6 + 0.08 * i,
    halfLife: 2 + i,
    units: Array.from({ length: UNITS }, (_, unit) => {
      const mean = 0.6 + 0.07 * i + 0.015 * unit;
      return { mean, halfLife: Math.log(0.5) / Math.log(mean) };
    }),
  }));
  const memory = at.map((step, i): DiagnosticRecord => ({
    kind: "memory",
    step,
    metric: "loss",
    better: "lower",
    over: "distance",
    bins: [1, 6, 11, 16, 21].map((from) => ({
      from,
      to: from + 4,
      answers: 40,
      value: Math.min(1 / 6, (0.002 * from) / (0.2 + i / 3) + 0.01),
      chance: 1 / 6,
    })),
  }));
  const updates = at.flatMap((step, i) =>
    ["memory.Wf", "memory.Uf", "memory.bf", "sum.W"].map((weight, w): DiagnosticRecord => ({
      kind: "updates",
      step,
      weight,
      elements: 100 - w,
      weightNorm: 2 + 0.3 * i,
      gradientNorm: 0.1,
      ...(step === 0 ? {} : { updateNorm: 0.01, ratio: 0.012 / (1 + 2 * i + w) }),
      quantiles: [-1, -0.6, -0.2, 0, 0.2, 0.6, 1].map((quantile) => quantile * (1 + 0.2 * i) + 0.05 * w * i),
    })),
  );
  return [...flow, ...values, ...gates, ...retention, ...memory, ...updates];
}

const session = {
  fromStep: 0,
  precision: "fast",
  seed: "latch",
  threads: 1,
  latchgrad: "0.1.0",
  node: "v20.20.2",
  v8: "11.3",
  platform: "linux",
  arch: "x64",
  cpu: "a processor",
  roundsOnce: false,
  began: "2026-01-01T00:00:00.000Z",
};

/** Writes the folder of a run; returns its path. */
export function writeExampleRun(
  folder: string,
  {
    name = "example",
    cell = "lstm",
    steps = 200,
    hasEnd = true,
    diagnostics,
    tail = "",
    environment = { sessions: [session] },
  }: ExampleRun = {},
): string {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, text: string): void => {
    writeFileSync(join(folder, file), text);
  };
  write("model.json", JSON.stringify(exampleDocument(name, cell, steps)));
  write("metrics.jsonl", logOf(steps, hasEnd) + tail);
  write("environment.json", JSON.stringify(environment));
  const timing = Array.from({ length: 30 }, (_, i) => ({
    step: Math.round(((i + 1) * steps) / 30),
    seconds: i,
    examplesPerSecond: Math.round(9000 + 900 * noise(i)),
  }));
  write("timing.jsonl", timing.map((row) => `${JSON.stringify(row)}\n`).join(""));
  if (diagnostics !== undefined)
    write("diagnostics.jsonl", diagnostics.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return folder;
}
