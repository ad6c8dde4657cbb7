// Numbers, times and tables as they are shown.
import { describe, expect, test } from "vitest";
import * as format from "../src/format";

test.each([
  [0, "0"],
  [0.004123, "0.00412"],
  [-0.5, "-0.500"],
  [1 / 6, "0.167"],
  [12.345, "12.3"],
  [123.4, "123"],
  [1234.5, "1,235"],
  [9876543, "9,876,543"],
  [0.0000123, "1.23e-5"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
])("the number %f is shown as %s", (value, text) => {
  expect(format.formatNumber(value)).toBe(text);
});

test.each([
  [0.04, "0.0 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [125, "2 min 5 s"],
  [3599.6, "1 h 0 min"],
  [11520, "3 h 12 min"],
  [86_399, "1 d 0 h"],
  [187_200, "2 d 4 h"],
])("%f seconds are %s", (seconds, text) => {
  expect(format.formatDuration(seconds)).toBe(text);
});

test.each([
  [0, "░░░░"],
  [0.5, "██░░"],
  [1, "████"],
  [2, "████"],
  [-1, "░░░░"],
])("a bar for %f is %s", (share, text) => {
  expect(format.formatBar(share, 4)).toBe(text);
});

test.each([
  [1, "1 step"],
  [0, "0 steps"],
  [1500, "1,500 steps"],
])("%i counts as %s", (count, text) => {
  expect(format.formatPlural(count, "step")).toBe(text);
});

describe("tables", () => {
  test("align columns, numbers to the right, without spaces at the ends of lines", () => {
    const rows = [
      ["layer", "parameters", ""],
      ["memory", "1,840", "x"],
      ["sum", "21", ""],
    ];
    expect(format.formatTable(rows, [1])).toBe("layer   parameters\nmemory       1,840  x\nsum             21\n");
  });

  test("may be empty", () => {
    expect(format.formatTable([])).toBe("");
  });
});

test("settings begin with their type and show what stands in them", () => {
  const optimizer = { type: "adam", learningRate: { type: "cosine", rate: 0.01 }, beta1: 0.9, clip: undefined };
  expect(format.formatSettings(optimizer)).toBe("adam, learningRate (cosine, rate 0.01), beta1 0.9");
  expect(format.formatSettings({ files: ["a.txt", "b.txt"], shuffle: true })).toBe("files a.txt b.txt, shuffle true");
});
