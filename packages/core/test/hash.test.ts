// What the structural hash counts and what it does not.
import { describe, expect, test } from "vitest";
import { hashGraph } from "../src/graph/hash.js";
import { parseGraph } from "../src/graph/parse.js";

const text = `graph f(%x: f32[4], %y: f32[4]) -> (f32[4], f32[4]) {
  %a = mul(%x, %y): f32[4]
  %b = neg(%x): f32[4]
  %c = cumsum(%a) {axis = 0, reverse = false}: f32[4]
  %d = call(%c, %b): f32[4]
    graph g(%u: f32[4], %v: f32[4]) -> (f32[4]) {
      %s = sub(%u, %v): f32[4]
      return %s
    }
  return out = %d, %b
  state %x <- out
}`;
const hash = hashGraph(parseGraph(text));
type Replacements = readonly (readonly [string, string])[];

/** The hash after replacing parts of the text. */
const changed = (replacements: Replacements): string => {
  let result = text;
  for (const [from, to] of replacements) {
    expect(result).toContain(from);
    result = result.replaceAll(from, to);
  }
  return hashGraph(parseGraph(result));
};

test("is 64 digits, the same in every run and on every machine", () => {
  expect(hash).toMatchInlineSnapshot(`"7dcb200b5fc379d9c597e84f39ee498945af10b6ed526839426451fe37df2d6b"`);
});

describe("does not count", () => {
  test.each<readonly [string, ...Replacements]>([
    ["the graph's name", ["graph f", "graph other"]],
    ["names of results", ["%a", "%product"]],
    ["origins", ["%y): f32[4]", "%y): f32[4]  ; /layers/0"]],
    ["a region's names", ["graph g", "graph other"], ["%u", "%first"], ["%v", "%second"], ["%s", "%result"]],
    ["a region's output names", ["return %s", "return other = %s"]],
    ["the order in which attributes are written", ["axis = 0, reverse = false", "reverse = false, axis = 0"]],
    [
      "the order of independent nodes",
      ["  %a = mul(%x, %y): f32[4]\n", ""],
      ["  %b = neg(%x): f32[4]\n", "  %b = neg(%x): f32[4]\n  %a = mul(%x, %y): f32[4]\n"],
    ],
    ["dead nodes", ["  %b = neg", "  %dead = exp(%a): f32[4]\n  %b = neg"]],
    ["repetition", ["  %d = call(%c, %b)", "  %b2 = neg(%x): f32[4]\n  %d = call(%c, %b2)"]],
  ])("%s", (_name, ...replacements) => {
    expect(changed(replacements as Replacements)).toBe(hash);
  });
});

describe("counts", () => {
  test.each<readonly [string, ...Replacements]>([
    ["the op", ["mul(%x, %y)", "add(%x, %y)"]],
    ["the order of operands", ["mul(%x, %y)", "mul(%y, %x)"]],
    ["the wiring", ["%b = neg(%x)", "%b = neg(%y)"]],
    ["attributes", ["reverse = false", "reverse = true"]],
    ["dims", ["[4]", "[5]"]],
    ["element types", ["f32", "f64"]],
    ["symbols", ["[4]", "[N]"]],
    ["the region's nodes", ["sub(%u, %v)", "add(%u, %v)"]],
    ["the region's wiring", ["sub(%u, %v)", "sub(%v, %u)"]],
    ["names of parameters", ["%y", "%z"]],
    ["the order of parameters", ["(%x: f32[4], %y: f32[4])", "(%y: f32[4], %x: f32[4])"]],
    ["names of outputs", ["out = %d", "result = %d"], ["<- out", "<- result"]],
    ["the order of outputs", ["return out = %d, %b", "return %b, out = %d"]],
    ["which value an output is", ["return out = %d, %b", "return out = %b, b = %d"]],
    ["state", ["state %x <- out", "state %y <- out"]],
    ["having state", ["  state %x <- out\n", ""]],
  ])("%s", (_name, ...replacements) => {
    expect(changed(replacements as Replacements)).not.toBe(hash);
  });
});

test("tells results of one node apart", () => {
  const two = (result: string): string => `graph f(%x: f32) -> (f32) {
    %a, %b = call(%x): f32, f32
      graph g(%u: f32) -> (f32, f32) {
        %v = neg(%u): f32
        return %u, %v
      }
    return out = ${result}
  }`;
  expect(hashGraph(parseGraph(two("%a")))).not.toBe(hashGraph(parseGraph(two("%b"))));
});

test("tells -0 from 0, NaN from infinity, and a text from the number that it spells", () => {
  const constant = (data: string): string =>
    hashGraph(
      parseGraph(`graph f() -> (f64) { %c = constant() {data = [${data}], dims = [], dtype = "f64"}: f64 return %c }`),
    );
  expect(new Set(["0", "-0", "nan", "inf", "-inf", "1"].map(constant)).size).toBe(6);
});
