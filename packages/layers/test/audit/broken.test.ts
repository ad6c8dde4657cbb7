// A corpus of broken equations and configs: each is answered at the place that is wrong, which « and » mark in equations.
import { readFileSync } from "node:fs";
import { f64, type Issue } from "@latchgrad/core";
import { expect, test } from "vitest";
import { buildModel, readModelConfig } from "../../src/index";
import { issuesOf } from "../support";

interface BrokenEquations {
  readonly about: string;
  readonly equations: readonly string[];
  readonly code: string;
}
interface BrokenConfig {
  readonly about: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: string;
  readonly code: string;
  readonly at: string;
}
const corpus = JSON.parse(readFileSync(new URL("broken.json", import.meta.url), "utf8")) as {
  readonly equations: readonly BrokenEquations[];
  readonly configs: readonly BrokenConfig[];
};

const signature = { inputs: { x: f64("B", "T", 3) }, targets: { y: f64("B", "T", 4) } };
const layers = [
  { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 } },
  { name: "out", type: "dense", units: 4 },
];
const base = { format: 1, name: "broken", dtype: "f64", layers, loss: { type: "meanSquaredError" } };

const issuesIn = (document: unknown): readonly Issue[] =>
  issuesOf(() => buildModel(readModelConfig(document), signature));

/** Everything that an entry does not speak of is right: what is computed is used, whatever it is called. */
function cellWith(equations: readonly string[]): object {
  const plain = equations.map((equation) => equation.replace(/[«»]/g, ""));
  const last = /^\s*(\w+'?)/.exec(plain[plain.length - 1])?.[1] ?? "a";
  const used = plain.join(" ");
  return {
    hyper: { rate: 0.5 },
    state: { h: ["units"] },
    params: {
      W: { shape: ["input", "units"], init: "glorotUniform" },
      U: { shape: ["units", "units"], init: "orthogonal" },
    },
    equations: [
      ...plain,
      `h' = rate * h @ U + sum(x @ W) + ${used.startsWith("a = x @ W b =") ? "a" : last.replace("'", "")}`,
    ],
    output: "h'",
  };
}

test("there are at least 60", () => {
  expect(corpus.equations.length + corpus.configs.length).toBeGreaterThanOrEqual(60);
});

test.each(corpus.equations.map((each) => [each.about, each] as const))("%s", (_, { equations, code }) => {
  const index = equations.findIndex((equation) => equation.includes("«"));
  const from = equations[index].indexOf("«") + 1;
  const to = Math.max(from, equations[index].indexOf("»") - 1);
  const document = {
    ...base,
    cells: { own: cellWith(equations) },
    layers: [{ ...layers[0], cell: { type: "own", units: 4 } }],
  };
  expect(issuesIn(document)).toContainEqual(
    expect.objectContaining({
      code,
      at: expect.objectContaining({ pointer: `/cells/own/equations/${index}`, from, to }) as unknown,
    }),
  );
});

test("names that clash, names that are not there, what is not used and shapes that do not fit come with a hint", () => {
  const codes = ["duplicate-name", "unknown-name", "unknown-function", "unused", "product", "shape"].map(
    (code) => `notation.${code}`,
  );
  const seen = new Set<string>();
  for (const { about, equations } of corpus.equations) {
    const cell = { type: "own", units: 4 };
    const document = { ...base, cells: { own: cellWith(equations) }, layers: [{ ...layers[0], cell }] };
    for (const { code, hint } of issuesIn(document).filter((issue) => codes.includes(issue.code))) {
      expect(hint, about).toMatch(/\w/);
      seen.add(code);
    }
  }
  expect([...seen].sort()).toEqual([...codes].sort());
});

/** The document with another value at a pointer; undefined: without it. */
function changed(document: unknown, pointer: string, value: unknown): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  const steps = pointer.slice(1).split("/");
  const last = steps.pop() ?? "";
  const parent = steps.reduce<Record<string, unknown>>((at, step) => at[step] as Record<string, unknown>, copy);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}

test.each(corpus.configs.map((each) => [each.about, each] as const))("%s", (_, { set = {}, remove, code, at }) => {
  const edited = Object.entries(set).reduce<unknown>((before, [key, value]) => changed(before, key, value), base);
  const document = remove === undefined ? edited : changed(edited, remove, undefined);
  const found = issuesIn(document).map(
    (issue) => `${issue.code} ${issue.at.kind === "config" ? issue.at.pointer : issue.at.kind}`,
  );
  expect(found).toContain(`${code} ${at}`);
});
