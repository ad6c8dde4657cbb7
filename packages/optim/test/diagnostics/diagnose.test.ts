/** Diagnoses against what must come out: closed forms, counts by hand, sums that add up, and no trace of them in the training. */
import type { TensorsByName } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { binsOf } from "../../src/diagnostics/memory.js";
import { halfLifeOf } from "../../src/diagnostics/inner-values.js";
import { diagnoseIssues, diagnoseSchema } from "../../src/diagnostics/options.js";
import { judge } from "../../src/diagnostics/verdict.js";
import { quantilesOf } from "../../src/diagnostics/updates.js";
import { openTask, tasks, type DiagnosisEvent, type DiagnosticRecord, type TaskConfig } from "../../src/index.js";
import { checkpointsOf, doneOf, eventsOf, read, stepsOf } from "../documents.js";

const diagnosesOf = (events: readonly { readonly kind: string }[]): readonly DiagnosisEvent[] =>
  events.filter((event): event is DiagnosisEvent => event.kind === "diagnosis");

type Kind = DiagnosticRecord["kind"];
const ofKind = <K extends Kind>(
  records: readonly DiagnosticRecord[],
  kind: K,
): readonly Extract<DiagnosticRecord, { kind: K }>[] =>
  records.filter((record): record is Extract<DiagnosticRecord, { kind: K }> => record.kind === kind);

/** The diagnosis of the initial weights. */
async function firstDiagnosis(
  layer: object,
  { diagnose = {}, ...other }: { readonly diagnose?: object; readonly [key: string]: unknown } = {},
): Promise<readonly DiagnosticRecord[]> {
  const layers = [
    { name: "memory", type: "recurrent", output: "last", ...layer },
    { name: "sum", type: "dense", units: 1 },
  ];
  const events = await eventsOf(read({ steps: 1, diagnose: { every: 10, ...diagnose } }, { layers, ...other }));
  return diagnosesOf(events)[0].records;
}

/** h' = a h U + x W with U orthogonal: the gradient changes by the factor a in each step, exactly. */
const linear = (a: number): object => ({
  linear: {
    hyper: { a },
    state: { h: ["units"] },
    params: {
      W: { shape: ["input", "units"], init: "glorotUniform" },
      U: { shape: ["units", "units"], init: "orthogonal" },
    },
    equations: ["h' = a * (h @ U) + x @ W"],
    output: "h'",
  },
});

describe("gradient flow", () => {
  test.each([0.5, 1, 1.5])("of a linear network is ‖a U‖^(T - t) = %f^(T - t)", async (a) => {
    const records = await firstDiagnosis(
      { cell: { type: "linear", units: 5 } },
      { cells: linear(a), task: { type: "adding", length: 30 }, diagnose: { kinds: ["gradientFlow"] } },
    );
    const [flow, ...others] = ofKind(records, "gradientFlow");
    expect(others).toEqual([]);
    expect(flow).toMatchObject({ step: 0, layer: "memory", state: "h", reverse: false });
    const last = flow.norms[29] ?? 0;
    flow.norms.forEach((norm, t) => {
      expect((norm ?? 0) / (last * a ** (29 - t)), `step ${t}`).toBeCloseTo(1, 4);
    });
    expect(flow.verdict.perStep).toBeCloseTo(a, 4);
    expect((flow.verdict.ratio ?? 0) / a ** 29).toBeCloseTo(1, 3);
    expect(flow.verdict.kind).toBe(a < 1 ? "vanishing" : a > 1 ? "exploding" : "steady");
  });

  test("vanishes in an Elman network over 100 steps, and is steady in an LSTM whose forget gate begins open", async () => {
    const task = { type: "adding", length: 100 };
    const diagnose = { kinds: ["gradientFlow"], batch: 4 };
    const verdictOf = async (cell: object): Promise<unknown> =>
      ofKind(await firstDiagnosis({ cell }, { task, diagnose }), "gradientFlow")[0].verdict;
    expect(await verdictOf({ type: "rnn", units: 16, recurrentInit: "glorotUniform" })).toMatchObject({
      kind: "vanishing",
      steps: 99,
      advice: ["gatedCell", "orthogonalStart"],
    });
    // Both paths count: of c alone sigmoid(1)^99 = 3e-14 would arrive, by c and h together it is far more.
    expect(await verdictOf({ type: "lstm", units: 16, forgetBias: 1 })).toMatchObject({ kind: "steady", advice: [] });
  });

  test("with an answer at every step is judged by the last one alone", async () => {
    const records = await firstDiagnosis(
      { cell: { type: "linear", units: 4 }, output: "sequence" },
      {
        cells: linear(0.5),
        layers: [
          { name: "memory", type: "recurrent", cell: { type: "linear", units: 4 } },
          { name: "out", type: "dense", units: 9 },
        ],
        loss: { type: "softmaxCrossEntropy" },
        metrics: [],
        task: { type: "copyMemory", delay: 10, count: 2 },
        diagnose: { kinds: ["gradientFlow"] },
      },
    );
    const [{ norms, fromEnd, verdict }] = ofKind(records, "gradientFlow");
    expect(verdict).toMatchObject({ kind: "vanishing", steps: 13 });
    expect(verdict.perStep).toBeCloseTo(0.5, 4);
    expect(fromEnd?.at(-1)).toBe(norms.at(-1));
    // Losses of steps in between keep the whole gradient from getting small.
    expect((norms[0] ?? 0) / (norms[13] ?? 1)).toBeGreaterThan(0.1);
    expect((fromEnd?.[0] ?? 0) / (norms[13] ?? 1)).toBeCloseTo(0.5 ** 13, 6);
  });

  test("verdicts of curves", () => {
    const situation = { isGated: false, isClipped: true };
    const curve = (factor: number): readonly number[] => Array.from({ length: 50 }, (_, back) => 3 * factor ** back);
    expect(judge(curve(0.8), situation)).toMatchObject({ kind: "vanishing", perStep: 0.8, steps: 49 });
    expect(judge(curve(0.99), situation)).toMatchObject({ kind: "steady", advice: [] });
    expect(judge(curve(1.2), situation)).toMatchObject({
      kind: "exploding",
      advice: ["lowerLearningRate", "orthogonalStart"],
    });
    // Zeros are numbers too small for the type, not a slope.
    expect(judge([...curve(0.5), 0, 0, 0], situation)).toMatchObject({ kind: "vanishing", perStep: 0.5 });
    expect(judge([1, Infinity, Infinity, Infinity, Infinity], situation)).toMatchObject({
      kind: "exploding",
      perStep: null,
    });
    expect(judge([1, 0.1], situation).kind).toBe("none");
    expect(judge(new Array<number>(20).fill(0), situation).kind).toBe("none");
  });
});

describe("values, gates and how long states are kept", () => {
  /** c' = k c + (1 - k) x with k constant for each unit. */
  const leaky = {
    leaky: {
      state: { c: ["units"] },
      params: {
        W: { shape: ["input", "units"], init: "glorotUniform" },
        b: { shape: ["units"], init: { type: "constant", value: 3 } },
      },
      equations: ["k = sigmoid(b)", "g = tanh(x @ W)", "c' = k * c + (1 - k) * g"],
      output: "c'",
    },
  };

  test("of a cell written as equations are those of its equations", async () => {
    const records = await firstDiagnosis(
      { cell: { type: "leaky", units: 3 } },
      { cells: leaky, task: { type: "adding", length: 6 }, diagnose: { kinds: ["values", "gates"], examples: [0, 2] } },
    );
    const keep = 1 / (1 + Math.exp(-3));
    const values = ofKind(records, "values");
    const valueOf = (name: string, example: number): number[][] =>
      (values.find((each) => each.name === name && each.example === example)?.values ?? []) as number[][];
    for (const example of [0, 2]) {
      const g = valueOf("g", example);
      let c = [0, 0, 0];
      expect(g).toHaveLength(6);
      g.forEach((row, t) => {
        c = c.map((state, unit) => keep * state + (1 - keep) * row[unit]);
        valueOf("c", example)[t].forEach((value, unit) => {
          expect(value).toBeCloseTo(c[unit], 4);
        });
      });
    }
    expect(values.find(({ name }) => name === "c")).toMatchObject({ role: "state", units: 3, every: 1 });
    const [{ inputs, targets, steps }] = ofKind(records, "example");
    expect(steps).toBe(6);
    expect(inputs["x"]).toHaveLength(6);
    const marked = inputs["x"].filter(([, marker]) => marker === 1).map(([value]) => value);
    expect(marked[0] + marked[1]).toBeCloseTo(targets["y"][0][0], 4);
    const tanh = ofKind(records, "gates").find(({ name }) => name === "g");
    const all = values.filter(({ name }) => name === "g").flatMap((each) => each.values.flat() as number[]);
    expect(tanh?.range).toBe("signed");
    expect(all.every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  test("half-lives are ln 0.5 / ln f", async () => {
    const cell = { type: "lstm", units: 3, forgetBias: 2, inputInit: "zeros", recurrentInit: "zeros" };
    const records = await firstDiagnosis({ cell }, { diagnose: { kinds: ["gates"] } });
    const f = 1 / (1 + Math.exp(-2));
    const [kept] = ofKind(records, "retention");
    expect(kept).toMatchObject({ state: "c", factor: "forget" });
    expect(kept.mean).toBeCloseTo(f, 4);
    expect(kept.halfLife).toBeCloseTo(Math.log(0.5) / Math.log(f), 3);
    expect(kept.units).toHaveLength(3);
    const forget = ofKind(records, "gates").find(({ name }) => name === "forget");
    expect(forget).toMatchObject({ range: "unit", low: 0, high: 0 });
    expect(halfLifeOf(0.5)).toBe(1);
    expect(halfLifeOf(0.5 ** 0.01)).toBeCloseTo(100, 9);
    expect(halfLifeOf(1)).toBeNaN();
  });

  test("shares of saturated gates are counted over what examples have", async () => {
    const cell = { type: "lstm", units: 2, forgetBias: 4 };
    const records = await firstDiagnosis(
      { cell, lengths: "lengths" },
      {
        task: { type: "adding", length: 20, variant: "1997" },
        diagnose: { kinds: ["gates", "values"], batch: 2, examples: [0, 1] },
      },
    );
    for (const gate of ofKind(records, "gates")) {
      const shown = ofKind(records, "values").filter(({ name }) => name === gate.name);
      const rows = shown.flatMap(({ values }) => values as number[][]);
      expect(shown.map(({ values }) => values.length).every((steps) => steps >= 20 && steps <= 22)).toBe(true);
      const share = (is: (value: number) => boolean): number => rows.flat().filter(is).length / rows.flat().length;
      const low = gate.range === "unit" ? 0.1 : -0.9;
      expect(gate.high).toBeCloseTo(
        share((value) => value > 0.9),
        4,
      );
      expect(gate.low).toBeCloseTo(
        share((value) => value < low),
        4,
      );
      expect(gate.units[1].mean).toBeCloseTo(rows.reduce((sum, row) => sum + row[1], 0) / rows.length, 4);
    }
  });
});

describe("memory", () => {
  test.each<[TaskConfig, (batch: TensorsByName) => readonly number[]]>([
    [
      { type: "adding", length: 12, variant: "modern" },
      ({ x }) =>
        [0, 1, 2].map((b) => 11 - Array.from({ length: 12 }, (_, t) => x.data[(b * 12 + t) * 2 + 1]).indexOf(1)),
    ],
    [
      { type: "copyMemory", delay: 3, symbols: 8, count: 2, encoding: "index" },
      () => [0, 1, 2].flatMap(() => [-1, -1, -1, -1, -1, 5, 5]),
    ],
    [
      { type: "temporalOrder", length: 20, encoding: "index" },
      ({ x, lengths }) =>
        [0, 1, 2].map(
          (b) => lengths.data[b] - 1 - Array.from(x.data.slice(b * 22, (b + 1) * 22)).findIndex((n) => n >= 6),
        ),
    ],
    [
      { type: "transduction", rule: "reverse", shortest: 3, longest: 3, symbols: 8, encoding: "index" },
      () => [0, 1, 2].flatMap(() => [1, 3, 5, -1]),
    ],
  ])("distances of %o", async (config, wanted) => {
    const task = await openTask(config, { seed: "d", dtype: "f32" });
    const batch = await task.batch("validation", 0, 3);
    expect([...(task.distances?.(batch).data ?? [])]).toEqual(wanted(batch));
  });

  test("errors by distance add up to the error of all, and lengths are those asked for", async () => {
    const task = { type: "adding", length: 16 };
    const records = await firstDiagnosis(
      { cell: { type: "gru", units: 4 } },
      { task, diagnose: { kinds: ["memory"], lengths: [16, 32] } },
    );
    const memory = ofKind(records, "memory");
    const find = (metric: string, over: string) => memory.find((each) => each.metric === metric && each.over === over);
    for (const metric of ["loss", "meanAbsoluteError"]) {
      const byDistance = find(metric, "distance")?.bins ?? [];
      const [own, longer] = find(metric, "length")?.bins ?? [];
      const answers = byDistance.reduce((sum, bin) => sum + bin.answers, 0);
      expect(byDistance.length).toBeGreaterThan(3);
      expect(answers).toBe(own.answers);
      const mean = byDistance.reduce((sum, { value, answers: count }) => sum + (value ?? 0) * count, 0) / answers;
      expect(mean).toBeCloseTo(own.value ?? 0, 4);
      expect(longer).toMatchObject({ from: 32, to: 32 });
    }
    expect(find("loss", "length")?.bins[0].chance).toBeCloseTo(1 / 6, 4);
  });

  test("bins hold every distance once", () => {
    expect(binsOf([-1, 3, 3, -1])).toEqual([{ from: 3, to: 3 }]);
    const bins = binsOf(Array.from({ length: 95 }, (_, i) => i + 5));
    expect(bins).toHaveLength(10);
    expect(bins[0]).toEqual({ from: 5, to: 14 });
    expect(bins[9]).toEqual({ from: 95, to: 99 });
    expect(binsOf([-1])).toEqual([]);
  });
});

test("updates: norms before and of the step, quantiles after it", async () => {
  const experiment = read({ steps: 4, checkpoints: { every: 1, keep: 2 }, diagnose: { every: 2, kinds: ["updates"] } });
  const events = await eventsOf(experiment, { checkpoints: true });
  const weights = new Map(checkpointsOf(events).map(({ step, state }) => [step, state.tensors["memory.Wr"].data]));
  const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
  const all = diagnosesOf(events).map(({ records }) =>
    ofKind(records, "updates").find(({ weight }) => weight === "memory.Wr"),
  );
  expect(all.map((record) => record?.step)).toEqual([0, 2, 4]);
  expect(all[0]?.ratio).toBeUndefined();
  for (const record of all.slice(1)) {
    const before = Array.from(weights.get((record?.step ?? 0) - 1) ?? []);
    const after = Array.from(weights.get(record?.step ?? 0) ?? []);
    const update = norm(after.map((value, i) => value - before[i]));
    expect(record?.weightNorm).toBeCloseTo(norm(before), 4);
    expect(record?.updateNorm).toBeCloseTo(update, 4);
    expect(record?.ratio).toBeCloseTo(update / norm(before), 4);
    expect(record?.quantiles[0]).toBeCloseTo(Math.min(...after), 4);
    expect(record?.quantiles[6]).toBeCloseTo(Math.max(...after), 4);
  }
  expect(quantilesOf(Float64Array.of(4, 0, 1, 2, 3))).toEqual([0, 0.2, 1, 2, 3, 3.8, 4]);
});

describe("the training", () => {
  const diagnose = { every: 3, batch: 4, lengths: [6] };
  const options = { steps: 10, evaluate: { every: 5, batches: 2 }, checkpoints: { every: 4 } };

  test("has the same bits with and without", async () => {
    const plain = await eventsOf(read(options));
    const watched = await eventsOf(read({ ...options, diagnose }));
    expect(doneOf(watched).state.tensors).toEqual(doneOf(plain).state.tensors);
    const bare = (events: typeof plain) => stepsOf(events).map(({ examplesPerSecond: _, ...event }) => event);
    expect(bare(watched)).toEqual(bare(plain));
    expect(diagnosesOf(watched).map(({ step }) => step)).toEqual([0, 3, 6, 9, 10]);
    expect(diagnosesOf(plain)).toEqual([]);
  });

  test("goes on from every checkpoint with exactly the diagnoses that are left", async () => {
    const experiment = read({ ...options, diagnose });
    const whole = await eventsOf(experiment, { checkpoints: true });
    for (const { step, state } of checkpointsOf(whole)) {
      const rest = await eventsOf(experiment, { checkpoints: true, state });
      const place = whole.findIndex((event) => event.kind === "checkpoint" && event.step === step);
      expect(diagnosesOf(rest)).toEqual(diagnosesOf(whole.slice(place)));
      expect(doneOf(rest).state.tensors).toEqual(doneOf(whole).state.tensors);
    }
  });
});

describe("options", () => {
  const issuesOf = (diagnose: object): unknown => {
    try {
      return read({ diagnose }) && [];
    } catch (error) {
      return (error as { issues: { code: string; at: { pointer: string } }[] }).issues.map(({ code, at }) => [
        code,
        at.pointer,
      ]);
    }
  };
  test("name layers, examples and lengths that there are", () => {
    expect(issuesOf({ every: 5, layers: ["memory"], examples: [15], lengths: [8] })).toEqual([]);
    expect(issuesOf({ every: 5, layers: ["memori"], examples: [1, 16] })).toEqual([
      ["config.unknown-name", "/training/diagnose/layers/0"],
      ["config.example-outside", "/training/diagnose/examples/1"],
    ]);
    const options = diagnoseSchema.parse({ every: 5, lengths: [8] });
    expect(diagnoseIssues(options, ["memory"], { type: "sine", hasLength: false })).toMatchObject([
      { code: "config.no-length", at: { pointer: "/training/diagnose/lengths" } },
    ]);
  });
  test("tasks at another length differ in nothing else", () => {
    expect(
      tasks.copyMemory.atLength?.({ type: "copyMemory", delay: 3, symbols: 8, count: 2, encoding: "index" }, 9),
    ).toEqual({
      type: "copyMemory",
      delay: 9,
      symbols: 8,
      count: 2,
      encoding: "index",
    });
  });
});
