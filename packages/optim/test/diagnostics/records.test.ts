/** Reading of diagnostics.jsonl: what is a record, and what is passed over. */
import { expect, test } from "vitest";
import { readDiagnostics, verdictInWords, type DiagnosticRecord } from "../../src/index.js";

const flow: DiagnosticRecord = {
  kind: "gradientFlow",
  step: 100,
  layer: "memory",
  state: "h",
  reverse: false,
  norms: [1e-9, 1e-3, 1],
  verdict: { kind: "vanishing", perStep: 0.5, steps: 99, ratio: 1.6e-30, advice: ["gatedCell", "orthogonalStart"] },
};
const updates: DiagnosticRecord = {
  kind: "updates",
  step: 0,
  weight: "memory.W",
  elements: 6,
  weightNorm: 1,
  gradientNorm: null,
  quantiles: [-1, -0.5, 0, 0, 0, 0.5, 1],
};

test("records are read line by line, and lines that are none are named", () => {
  const text = [
    JSON.stringify(flow),
    '{"kind":"gradientFlow","step":1}',
    "",
    JSON.stringify(updates),
    '{"kind":"updates","st',
  ].join("\n");
  expect(readDiagnostics(text)).toEqual({ records: [flow, updates], unread: [2, 5] });
  expect(readDiagnostics("")).toEqual({ records: [], unread: [] });
});

test("a verdict in words says what happens, how fast, and what helps", () => {
  expect(verdictInWords(flow)).toBe(
    "gradients vanish in memory: times 0.50 per step back, 1.6e-30 of it arrives 99 steps before the end; " +
      "use a cell with gates, such as lstm or gru; or start recurrent weights orthogonal",
  );
  expect(
    verdictInWords({ layer: "memory", verdict: { kind: "none", perStep: null, steps: 1, ratio: null, advice: [] } }),
  ).toBe("memory has no gradient through time to judge");
});
