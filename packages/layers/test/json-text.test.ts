// The reader of JSON texts: what JSON.parse reads it reads too, and mistakes come with line and column.
import { fc, test as property } from "@fast-check/vitest";
import { ConfigError } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { readJsonText } from "../src/index";

/** Code, line and column of the mistake in a text. */
function mistakeIn(text: string): string {
  try {
    readJsonText(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [{ code, at }] = error.issues;
    return at.kind === "text" ? `${code} ${at.line}:${at.column ?? 0}` : `${code} ${at.kind}`;
  }
  return "read";
}

property.prop([fc.json({ maxDepth: 6 }), fc.constantFrom("", " ", "\n\t")])(
  "reads what JSON.parse reads",
  (text, blank) => {
    expect(readJsonText(blank + text + blank)).toEqual(JSON.parse(text));
  },
);

property.prop([fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 0, max: 6 })])("reads any layout", (value, indent) => {
  expect(readJsonText(JSON.stringify(value, null, indent))).toEqual(JSON.parse(JSON.stringify(value)));
});

property.prop([fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(..."{}[],:\"\\'0-e.tN\u0000 \n")])(
  "refuses what JSON.parse refuses, with a ConfigError",
  (text, at, sign) => {
    const position = at % (text.length + 1);
    for (const broken of [text.slice(0, position) + sign + text.slice(position), text.slice(0, position)]) {
      let expected: { readonly value: unknown } | undefined;
      try {
        expected = { value: JSON.parse(broken) as unknown };
      } catch {
        expected = undefined;
      }
      const mistake = mistakeIn(broken);
      if (expected === undefined) expect(mistake).toMatch(/^config\.(json-syntax|duplicate-key) \d+:\d+$/);
      else if (mistake !== "read") expect(mistake).toMatch(/^config\.duplicate-key/);
      else expect(readJsonText(broken)).toEqual(expected.value);
    }
  },
);

describe("mistakes", () => {
  test.each([
    ["", "config.json-syntax 1:1"],
    ['{\n  "a": 1,\n}', "config.json-syntax 3:1"],
    ['{"a": 1\n "b": 2}', "config.json-syntax 2:2"],
    ["[1, 2", "config.json-syntax 1:6"],
    ['{"a" 1}', "config.json-syntax 1:6"],
    ["{a: 1}", "config.json-syntax 1:2"],
    ["[01]", "config.json-syntax 1:2"],
    ["[1.]", "config.json-syntax 1:2"],
    ["[NaN]", "config.json-syntax 1:2"],
    ['["a\nb"]', "config.json-syntax 1:2"],
    ['["\\x"]', "config.json-syntax 1:2"],
    ["1 2", "config.json-syntax 1:3"],
    ['{\n "a": 1,\n "b": {"c": 1, "c": 2}\n}', "config.duplicate-key 3:16"],
    ['{"a": 1, "\\u0061": 2}', "config.duplicate-key 1:10"],
  ])("%j is %s", (text, expected) => {
    expect(mistakeIn(text)).toBe(expected);
  });

  // Without their texts in the names, which would fill the screen.
  test.each([
    ["a million brackets", "[".repeat(1_000_000), "config.too-deep 1:65"],
    ["objects in objects", '{"a":'.repeat(200_000), "config.too-deep 1:321"],
    ["a megabyte of blanks", " ".repeat(2 ** 20 + 1), "config.too-large 1:1"],
  ])("a bomb: %s", (_, text, expected) => {
    expect(mistakeIn(text)).toBe(expected);
  });

  test.each([
    ["[1, // one\n2]", "comments"],
    ["{'a': 1}", "double quotation marks"],
    ["[1, 2, ]", "comma"],
    ["[NaN]", "no such number"],
    ["[True]", "true, false and null"],
  ])("%s comes with a hint", (text, hint) => {
    expect(() => readJsonText(text)).toThrow(hint);
  });

  test("a long line is quoted in part, with the caret below the mistake", () => {
    const text = `[${"1,".repeat(5000)}x${",2".repeat(5000)}]`;
    expect(() => readJsonText(text)).toThrowErrorMatchingInlineSnapshot(`
      [ConfigError: [config.json-syntax] the document is JSON
        at       line 1, column 10002: …1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,x,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,
                                                                                                    ^
        expected a value
        received "x"]
    `);
  });
});

test("a byte order mark in front is skipped", () => {
  expect(readJsonText("\uFEFF[1]")).toEqual([1]);
});

test("__proto__ stays a key, so that it can be refused by name", () => {
  const read = readJsonText('{"__proto__": {"polluted": true}}');
  expect(Object.keys(read as object)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
