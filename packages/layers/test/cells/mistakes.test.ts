// Broken cell documents: each is refused at the place that is wrong; and documents changed at random.
import { fc, test as property } from "@fast-check/vitest";
import { f64, i32, LatchgradError, type Issue } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { buildModel, readModelConfig, type CellDocumentInput, type Model } from "../../src/index";
import { documentOf, issuesOf } from "../support";
import { lstm } from "./equations";
import { features } from "./features";

/** Documents changed at random; LATCHGRAD_FUZZ=10 looks at ten times as many. */
const RUNS = Math.round(1000 * Number(process.env["LATCHGRAD_FUZZ"] ?? 1));

const SIGNATURE = { inputs: { x: f64("B", "T", 3), lengths: i32("B") }, targets: { y: f64("B", "T", 4) } };

/** A model whose only layer is a cell of that document. */
const build = (document: unknown, cells: object = {}, settings: object = {}): Model =>
  buildModel(
    readModelConfig(
      documentOf([{ type: "recurrent", name: "memory", cell: { type: "own", units: 4, ...settings } }], {
        cells: { ...cells, own: document as CellDocumentInput },
      }),
    ),
    SIGNATURE,
  );

const base = {
  hyper: { rate: 0.5 },
  state: { h: ["units"] },
  params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
  equations: ["a = tanh(x @ W)", "h' = rate * h + a"],
  output: "h'",
};

/** The parts of an issue's place that tell where it is. */
function placeOf({ code, at }: Issue): string {
  if (at.kind === "equation") return `${code} ${at.pointer}:${at.from}-${at.to}`;
  return `${code} ${at.kind === "config" ? at.pointer : at.kind}`;
}

const cases: Readonly<Record<string, readonly [change: object, ...expected: readonly string[]]>> = {
  "an unknown key": [{ equation: [] }, "config.unknown-key /cells/own/equation"],
  "no equations": [{ equations: undefined }, "config.missing /cells/own/equations"],
  "no output": [{ output: undefined }, "config.missing /cells/own/output"],
  "an unknown initializer": [
    { params: { W: { shape: ["input", "units"], init: "glorot" } } },
    "config.choice /cells/own/params/W/init",
  ],
  "a broken equation": [
    { equations: ["a = tanh(x @ W", "h' = rate * h + a"] },
    "notation.syntax /cells/own/equations/0:15-15",
  ],
  "two broken equations and a broken size": [
    { equations: ["a = ", "h' = rate *"], params: { W: { shape: ["input +", "units"], init: "zeros" } } },
    "notation.syntax /cells/own/params/W/shape/0:8-8",
    "notation.syntax /cells/own/equations/0:5-5",
    "notation.syntax /cells/own/equations/1:12-12",
  ],
  "undeclared and unused": [
    { equations: ["a = tanh(x @ V)", "h' = h + a"] },
    "notation.unknown-name /cells/own/equations/0:14-14",
    "notation.unused /cells/own/hyper/rate",
    "notation.unused /cells/own/params/W",
  ],
  "an unused equation": [
    { equations: ["a = tanh(x @ W)", "h' = rate * h"] },
    "notation.unused /cells/own/equations/0:1-1",
  ],
  "an unused input": [{ equations: ["h' = rate * h + sum(W)"] }, "notation.unused /cells/own/inputs/x"],
  "an unused state": [
    { equations: ["a = tanh(x @ W)", "c' = a", "h' = rate * h + a"], state: { h: ["units"], c: ["units"] } },
    "notation.unused /cells/own/state/c",
  ],
  "a state that is never updated": [
    { equations: ["a = rate * tanh(x @ W) + h"], output: "a" },
    "notation.never-updated /cells/own/state/h",
  ],
  "a state without its prime": [
    { equations: ["a = tanh(x @ W)", "h = rate * h + a"] },
    "notation.duplicate-name /cells/own/equations/1:1-1",
    "notation.never-updated /cells/own/state/h",
    "notation.unknown-name /cells/own/output:1-2",
  ],
  "a name declared twice": [{ hyper: { rate: 0.5, W: 1 } }, "notation.duplicate-name /cells/own/params/W"],
  "a name of the notation": [
    { hyper: { rate: 0.5, train: 1 } },
    "notation.duplicate-name /cells/own/hyper/train",
    "notation.unused /cells/own/hyper/train",
  ],
  "a cycle": [
    { equations: ["a = tanh(x @ W) + d", "d = 2 * a", "h' = rate * h + a"] },
    "notation.cycle /cells/own/equations/0:19-19",
  ],
  "a next value of the wrong shape": [
    { equations: ["a = tanh(x @ W)", "h' = concat(rate * h, a)"] },
    "notation.shape /cells/own/equations/1:6-24",
  ],
  "a product that does not fit": [
    { params: { W: { shape: ["units", "input"], init: "zeros" } } },
    "notation.product /cells/own/equations/0:10-14",
  ],
  "half a unit": [
    { params: { W: { shape: ["input", "units / 3"], init: "zeros" } } },
    "notation.size /cells/own/params/W/shape/1:1-9",
  ],
  "a size that does not exist": [
    { params: { W: { shape: ["inputs", "units"], init: "zeros" } } },
    "notation.unknown-name /cells/own/params/W/shape/0:1-6",
  ],
  "a parameter for a size": [
    { params: { W: { shape: ["input", "W"], init: "zeros" } } },
    "notation.unknown-name /cells/own/params/W/shape/1:1-1",
  ],
  "a function of the document in a size": [
    {
      params: { W: { shape: ["input", "f(units)"], init: "zeros" } },
      functions: ["f(a) = a"],
      equations: ["a = f(tanh(x @ W))", "h' = rate * h + a"],
    },
    "notation.unknown-function /cells/own/params/W/shape/1:1-1",
  ],
  "an initializer's setting out of range": [
    { params: { W: { shape: ["input", "units"], init: { type: "glorotUniform", gain: "-rate" } } } },
    "config.range /cells/own/params/W/init/gain",
  ],
  "an initializer's unknown setting": [
    { params: { W: { shape: ["input", "units"], init: { type: "glorotUniform", gian: 1 } } } },
    "config.unknown-key /cells/own/params/W/init/gian",
  ],
  "an unknown cell inside": [
    {
      cells: { inner: { type: "lstn", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(x))"],
    },
    "config.choice /cells/own/cells/inner/type",
  ],
  "a cell inside itself": [
    {
      cells: { inner: { type: "own", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(x))"],
    },
    "config.cycle /cells/own/cells/inner",
  ],
  "a cell inside that is not called": [
    { cells: { inner: { type: "lstm", units: 2, input: "input" } } },
    "notation.unused /cells/own/cells/inner",
  ],
  "a cell inside that is called twice": [
    {
      cells: { inner: { type: "lstm", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(x)) + sum(inner(x))"],
    },
    "notation.cell-call /cells/own/equations/1:41-48",
  ],
  "a state that the cell inside does not have": [
    {
      cells: { inner: { type: "lstm", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(x, d = a))"],
    },
    "notation.arguments /cells/own/equations/1:34-34",
  ],
  "what a cell inside does not read": [
    {
      cells: { inner: { type: "lstm", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(a))"],
    },
    "notation.shape /cells/own/equations/1:31-31",
  ],
  "a wrong setting of a cell inside": [
    {
      cells: { inner: { type: "lstm", units: "units / 3", input: "input" } },
      equations: ["a = tanh(x @ W)", "h' = rate * h + a + sum(inner(x))"],
    },
    "config.type /cells/own/cells/inner/units",
  ],
  "the step in what is computed once": [
    { once: ["k = t"], equations: ["a = tanh(x @ W) + k", "h' = rate * h + a"] },
    "notation.unknown-name /cells/own/once/0:5-5",
  ],
  "a state in what is computed once": [
    { once: ["k = 2 * h"], equations: ["a = tanh(x @ W) + k", "h' = rate * h + a"] },
    "notation.unknown-name /cells/own/once/0:9-9",
  ],
  "a call of a cell in the output": [
    {
      cells: { inner: { type: "lstm", units: 2, input: "input" } },
      equations: ["a = tanh(x @ W) + sum(inner(x))", "h' = rate * h + a"],
      output: "inner(h')",
    },
    "notation.unknown-function /cells/own/output:1-5",
    "notation.cell-call /cells/own/output:1-9",
  ],
  "an input with another size than it says": [
    { inputs: { x: ["units"] }, params: { W: { shape: ["units", "units"], init: "zeros" } } },
    "config.input-type /layers/0/cell",
  ],
};

describe("broken documents", () => {
  test.each(Object.entries(cases))("%s", (_, [change, ...expected]) => {
    expect(issuesOf(() => build(JSON.parse(JSON.stringify({ ...base, ...change })))).map(placeOf)).toEqual(expected);
  });

  test("the whole document is right", () => {
    expect(build(base).params.map(({ name }) => name)).toEqual(["memory.W"]);
  });

  test("a built-in name is not defined again", () => {
    expect(issuesOf(() => build(base, { lstm })).map(placeOf)).toEqual(["config.name /cells/lstm"]);
  });

  test("documents are checked whether a layer uses them or not, all at once", () => {
    const broken = (equation: string) => ({ ...base, equations: [equation, "h' = rate * h + a"] });
    expect(
      issuesOf(() => build(base, { first: broken("a = x @ V + sum(W)"), second: broken("a = x @ W @ Q") })).map(
        placeOf,
      ),
    ).toEqual([
      "notation.unknown-name /cells/first/equations/0:9-9",
      "notation.unknown-name /cells/second/equations/0:13-13",
    ]);
  });

  test("a setting that the cell does not have, and one that it needs", () => {
    const needy = { ...base, hyper: { rate: { about: "How much stays.", min: 0, max: 1 } } };
    expect(issuesOf(() => build(needy, {}, { rat: 1 })).map(placeOf)).toEqual([
      "config.unknown-key /layers/0/cell/rat",
      "config.missing /layers/0/cell/rate",
    ]);
    expect(issuesOf(() => build(needy, {}, { rate: 2 })).map(placeOf)).toEqual(["config.range /layers/0/cell/rate"]);
  });
});

// ---- documents changed at random

const whole: readonly unknown[] = [base, lstm, ...Object.values(features).map(({ document }) => document)];
const cellsOf = Object.assign({}, ...Object.values(features).map(({ cells }) => cells ?? {})) as object;

const scrap = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    0.5,
    3,
    1e300,
    "",
    "units",
    "h",
    "h'",
    "x @ W",
    "zeros",
    "inner(x)",
    "1e400",
    [],
    {},
    ["units"],
    [[]],
  ),
  fc.constantFrom<unknown>(
    { shape: ["units"], init: "zeros" },
    { repeat: 2, carry: { q: "h" }, equations: ["q' = q"] },
    ["input", 2],
  ),
  fc.string({ maxLength: 6 }),
);
const edit = fc.record({
  place: fc.nat(1000),
  kind: fc.constantFrom("replace", "remove", "duplicate", "text"),
  scrap,
  at: fc.nat(80),
});
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;

interface Slot {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
}

/** Every place of a document where something stands. */
function slotsOf(document: unknown): Slot[] {
  const slots: Slot[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      slots.push({ holder: value as Slot["holder"], key });
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(document);
  return slots;
}

function change(document: unknown, edits: readonly Edit[]): unknown {
  const copy = structuredClone(document);
  for (const { place, kind, scrap: piece, at } of edits) {
    const slots = slotsOf(copy);
    if (slots.length === 0) continue;
    const { holder, key } = slots[place % slots.length];
    const record = holder as Record<string, unknown>;
    const value = record[key];
    if (kind === "remove") Reflect.deleteProperty(record, key);
    else if (kind === "text" && typeof value === "string") {
      const cut = at % (value.length + 1);
      record[key] = value.slice(0, cut) + (typeof piece === "string" ? piece : "") + value.slice(cut + (at % 3));
    } else if (kind === "duplicate" && !Array.isArray(holder)) record[`${key}2`] = structuredClone(value);
    else record[key] = structuredClone(piece);
  }
  // Holes in lists are no JSON.
  return JSON.parse(JSON.stringify(copy)) as unknown;
}

property.prop([fc.constantFrom(...whole), fc.array(edit, { minLength: 1, maxLength: 3 })], { numRuns: RUNS })(
  "documents changed at random give a model, or an error of ours",
  (document, edits) => {
    try {
      const model = build(change(document, edits), cellsOf);
      model.graph("train");
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      for (const { code, problem } of error.issues) {
        expect(code).toMatch(/\./);
        expect(problem).not.toBe("");
      }
    }
  },
  240 * RUNS,
);
