// What is said of errors.
import { RunError } from "@latchgrad/core";
import { expect, test } from "vitest";
import { formatFailure } from "../src/failure";

const options = { file: "model.json", debug: false };

test("an error made on purpose says what, where and in which file", () => {
  const error = new RunError([{ code: "run.x", problem: "the rule", at: { kind: "value", name: "loss of step 3" } }]);
  expect(formatFailure(error, options)).toBe("RunError in model.json\n[run.x] the rule\n  at       loss of step 3\n");
});

test("anything else is a bug, and asks for a report", () => {
  const text = formatFailure(new TypeError("x is undefined"), options);
  expect(text).toContain("internal error: TypeError: x is undefined\n");
  expect(text).toContain("Please report it");
  expect(text).not.toContain("failure.test.ts");
});

test("the stack is shown to those who ask for it", () => {
  expect(formatFailure(new TypeError("x"), { ...options, debug: true })).toContain("failure.test.ts");
});
