/** Errors: the text that is made of issues, the hints about names, and the pointers. */
import { describe, expect, test } from "vitest";
import * as errors from "../src/errors/errors.js";
import { formatIssue, type Issue } from "../src/errors/issue.js";
import { joinPointer } from "../src/errors/pointer.js";
import { findNearest, suggestName } from "../src/errors/suggest.js";

const issue: Issue = { code: "a.b", problem: "a rule", at: { kind: "value", name: "input x" } };

describe("formatIssue", () => {
  test("gives code and rule, then the facts that there are, in a fixed order", () => {
    const full: Issue = {
      code: "dotGeneral.C2",
      problem: "dotGeneral needs: contracted dims of x equal those of y",
      hint: "rows = input size",
      received: "x: f32[8,48], y: f32[40,32]",
      expected: "48 rows",
      at: { kind: "node", graph: "gate", text: "dotGeneral(%xh, %W)", origin: "/layers/0" },
    };
    expect(formatIssue(full)).toBe(
      [
        "[dotGeneral.C2] dotGeneral needs: contracted dims of x equal those of y",
        "  at       dotGeneral(%xh, %W)   in graph gate",
        "  from     /layers/0",
        "  expected 48 rows",
        "  received x: f32[8,48], y: f32[40,32]",
        "  hint     rows = input size",
      ].join("\n"),
    );
    expect(formatIssue(issue)).toBe("[a.b] a rule\n  at       input x");
  });

  test("leaves out an origin that is not known", () => {
    const text = formatIssue({ ...issue, at: { kind: "node", graph: "g", text: "add(%x, %y)" } });
    expect(text).toBe("[a.b] a rule\n  at       add(%x, %y)   in graph g");
  });

  test("names the whole document, whose pointer is empty", () => {
    expect(formatIssue({ ...issue, at: { kind: "config", pointer: "" } })).toContain("at       the document itself");
    expect(formatIssue({ ...issue, at: { kind: "config", pointer: "/layers/0" } })).toContain("at       /layers/0");
  });

  test.each([
    [1, 1, "%a = add(%x)", undefined, "%"],
    [7, 6, "%a = add(%x)", undefined, "a"],
    [12, 12, "%a = add(%x)", undefined, ")"],
    [105, 10, "%a = add(%x)", undefined, "%"],
    [3, 204, "add(%x, %y)", 200, "%"],
    [3, 200, "add(%x, %y)", 200, "a"],
  ])("puts a caret under line %i, column %i", (line, column, text, start, marked) => {
    const lines = formatIssue({ ...issue, at: { kind: "text", line, column, text, start } }).split("\n");
    expect(lines[2].trim()).toBe("^");
    expect(lines[1][lines[2].indexOf("^")]).toBe(marked);
    expect(lines[1].endsWith(text)).toBe(true);
  });

  test("counts bytes of a file, and says what stands there", () => {
    const at = { kind: "bytes", offset: 24 } as const;
    expect(formatIssue({ ...issue, at })).toBe("[a.b] a rule\n  at       byte 24");
    expect(formatIssue({ ...issue, at: { ...at, name: 'tensor "W"' } })).toContain('at       byte 24   in tensor "W"');
  });

  test("shows a line without a caret when the column is not known", () => {
    const lines = formatIssue({ ...issue, at: { kind: "text", line: 4, text: "graph" } }).split("\n");
    expect(lines.slice(1)).toEqual(["  at       line 4: graph"]);
  });
});

describe("LatchgradError", () => {
  test.each(Object.entries(errors).filter(([name]) => name.endsWith("Error") && name !== "internalError"))(
    "%s carries its issues, and its message is their text",
    (name, value) => {
      const Class = value as typeof errors.LatchgradError;
      const error = new Class([issue, { ...issue, code: "c.d" }]);
      expect(error).toBeInstanceOf(errors.LatchgradError);
      expect(error).toBeInstanceOf(Error);
      expect(error.name).toBe(name);
      expect(error.message).toBe(`${formatIssue(issue)}\n[c.d] a rule\n  at       input x`);
      expect(error.issues.map(({ code }) => code)).toEqual(["a.b", "c.d"]);
    },
  );

  test("an internal error is none, and asks for a report", () => {
    const error = errors.internalError("a node is missing");
    expect(error).not.toBeInstanceOf(errors.LatchgradError);
    expect(error.message).toBe("internal: a node is missing; please report this");
  });
});

describe("names nearby", () => {
  const known = ["hiddenSize", "learningRate", "units", "seed", "h"];

  test.each([
    ["hiddensize", "hiddenSize"],
    ["hidenSize", "hiddenSize"],
    ["unit", "units"],
    ["untis", "units"],
    ["lerningRate", "learningRate"],
    ["SEED", "seed"],
    ["H", "h"],
  ])("%s means %s", (name, meant) => {
    expect(findNearest(name, known)).toBe(meant);
    expect(suggestName(name, known)).toBe(`did you mean "${meant}"?`);
  });

  test.each(["momentum", "x", "", "un"])('"%s" means none of them, so all are listed', (name) => {
    expect(findNearest(name, known)).toBeUndefined();
    expect(suggestName(name, known)).toBe("one of: hiddenSize, learningRate, units, seed, h");
  });

  test("the first of equally near names is taken", () => {
    expect(findNearest("gatex", ["gate1", "gate2"])).toBe("gate1");
  });

  test("a very long name costs little", () => {
    // Compared in full, these would take hours, and the test its time limit.
    expect(findNearest("x".repeat(1_000_000), new Array<string>(100).fill("y".repeat(1_000_000)))).toBeUndefined();
  });
});

describe("joinPointer", () => {
  test("escapes as RFC 6901 says", () => {
    expect(joinPointer("", "a/b", "m~n", 0, "", "~1")).toBe("/a~1b/m~0n/0//~01");
    expect(joinPointer("/layers/0", "cell")).toBe("/layers/0/cell");
    expect(joinPointer("/x")).toBe("/x");
  });
});
