/** Dims: what is spelled, computed and compared agrees with whole numbers, for every binding. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect, test as plain } from "vitest";
import { ShapeError } from "../src/errors/errors.js";
import {
  addDims,
  bindDim,
  ceilDivDim,
  ceilSqrtDim,
  divideDims,
  isAtLeast,
  isSymbol,
  multiplyDims,
  parseDim,
  subtractDims,
  symbolsOf,
  type Dim,
  type DimBindings,
} from "../src/shape/dim.js";

const SYMBOLS = ["B", "T", "H_1", "ceil"];

/** A dim and what it is worth: both are made by the same steps, one on dims and one on integers. */
interface Sample {
  readonly dim: Dim;
  readonly valueAt: (bindings: DimBindings) => number;
}

const whole = (value: number): Sample => ({ dim: value, valueAt: () => value });
const symbol = (name: string): Sample => ({ dim: name, valueAt: (bindings) => bindings[name] });

const combine =
  (onDims: (a: Dim, b: Dim) => Dim, onNumbers: (a: number, b: number) => number) =>
  ([a, b]: readonly [Sample, Sample]): Sample => ({
    dim: onDims(a.dim, b.dim),
    valueAt: (bindings) => onNumbers(a.valueAt(bindings), b.valueAt(bindings)),
  });

/** Sums of positive terms, so that they may stand below a division or a root. */
const { positive, any } = fc.letrec<{ readonly positive: Sample; readonly any: Sample }>((tie) => {
  const pair = fc.tuple(tie("positive"), tie("positive"));
  const mixed = fc.tuple(tie("any"), tie("any"));
  return {
    positive: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(...SYMBOLS).map(symbol),
      fc.integer({ min: 1, max: 9 }).map(whole),
      pair.map(
        combine(
          (a, b) => addDims(a, b),
          (a, b) => a + b,
        ),
      ),
      pair.map(
        combine(
          (a, b) => multiplyDims(a, b),
          (a, b) => a * b,
        ),
      ),
      pair.map(combine(ceilDivDim, (a, b) => Math.ceil(a / b))),
      tie("positive").map(({ dim, valueAt }) => ({
        dim: ceilSqrtDim(dim),
        valueAt: (bindings: DimBindings) => Math.ceil(Math.sqrt(valueAt(bindings))),
      })),
    ),
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      tie("positive"),
      fc.integer({ min: -9, max: 9 }).map(whole),
      mixed.map(
        combine(
          (a, b) => addDims(a, b),
          (a, b) => a + b,
        ),
      ),
      mixed.map(combine(subtractDims, (a, b) => a - b)),
      mixed.map(
        combine(
          (a, b) => multiplyDims(a, b),
          (a, b) => a * b,
        ),
      ),
      fc.tuple(tie("any"), tie("positive")).map(combine(ceilDivDim, (a, b) => Math.ceil(a / b))),
    ),
  };
});

const bindings = fc.record(Object.fromEntries(SYMBOLS.map((name) => [name, fc.integer({ min: 1, max: 12 })])));
/** Beyond this, f64 no longer tells neighbours apart and neither side of a comparison means anything. */
const isExact = (...values: readonly number[]): boolean => values.every((value) => Math.abs(value) < 2 ** 40);
/** 0 and -0 are one number here. */
const same = (a: number, b: number): boolean => a === b;

describe("spelling", () => {
  test.prop([any])("is canonical: reading what was printed gives it again", ({ dim }) => {
    expect(typeof dim === "number" ? parseDim(String(dim)) : parseDim(dim)).toBe(
      typeof dim === "string" && dim.length > 400 ? undefined : dim,
    );
  });

  plain.each([
    ["T+1", "T+1"],
    [" 1 + T ", "T+1"],
    ["-1+T", "T-1"],
    ["H*2", "2*H"],
    ["T*B", "B*T"],
    ["T+T", "2*T"],
    ["T-T", 0],
    ["2*3", 6],
    ["-T", "-T"],
    ["1-T", "1-T"],
    ["1-T-B*T", "1-B*T-T"],
    ["0*T", 0],
    ["-0", 0],
    ["ceil(T/8)", "ceil(T/8)"],
    ["ceil(8*T/8)", "T"],
    ["ceil(T+8/8)", "ceil(T/8)+1"],
    ["ceil(3*T-2/3)", "T"],
    ["ceil(B*T+1/T)", "B+ceil(1/T)"],
    ["ceil(7/2)", 4],
    ["ceil(T/T)", 1],
    ["ceilSqrt(10)", 4],
    ["ceil(ceil(T/2)/ceilSqrt(B+1))", "ceil(ceil(T/2)/ceilSqrt(B+1))"],
  ])("%s is %s", (text, dim) => {
    expect(parseDim(text)).toBe(dim);
  });

  plain.each([
    "",
    " ",
    "T+",
    "+T",
    "T T",
    "2T",
    "2 T",
    "(T)",
    "T/8",
    "ceil(T)",
    "ceil(T/8",
    "ceil(/8)",
    "ceil(T/0)",
    "ceil(T/T-T)",
    "ceilSqrt()",
    "ceilSqrt(-4)",
    "1.5",
    "1e3",
    "T!",
    "é",
    "T--1",
    "9007199254740993",
    "9007199254740991*2*T",
    "T+".repeat(300) + "T",
    "ceil(".repeat(80),
  ])("%s is no dim", (text) => {
    expect(parseDim(text)).toBeUndefined();
  });

  plain("a nested spelling is read in a time that does not explode", () => {
    const nested = Array.from({ length: 40 }).reduce<string>((inner) => `ceil(${inner}/2)`, "T");
    expect(parseDim(nested)).toBe(nested);
    expect(bindDim(nested, { T: 1000 })).toBe(1);
    expect(isAtLeast(nested, 1)).toBe(true);
  });
});

describe("arithmetic", () => {
  test.prop([any, bindings])("agrees with that of whole numbers once symbols are bound", ({ dim, valueAt }, at) => {
    const value = valueAt(at);
    fc.pre(isExact(value));
    const bound = bindDim(dim, at);
    expect(typeof bound).toBe("number");
    expect(same(bound as number, value)).toBe(true);
    expect(Object.is(bound, -0)).toBe(false);
  });

  test.prop([any, any, any])("is that of a ring", ({ dim: a }, { dim: b }, { dim: c }) => {
    expect(addDims(a, b)).toBe(addDims(b, a));
    expect(multiplyDims(a, b)).toBe(multiplyDims(b, a));
    expect(addDims(addDims(a, b), c)).toBe(addDims(a, addDims(b, c)));
    expect(multiplyDims(a, addDims(b, c))).toBe(addDims(multiplyDims(a, b), multiplyDims(a, c)));
    expect(subtractDims(addDims(a, b), b)).toBe(a);
  });

  test.prop([any, positive])("division is exact or refused", ({ dim: a }, { dim: b }) => {
    const quotient = divideDims(a, b);
    if (quotient !== undefined) expect(multiplyDims(quotient, b)).toBe(a);
  });

  test.prop([any, bindings, bindings])("symbols may be bound in two steps", ({ dim, valueAt }, at) => {
    fc.pre(isExact(valueAt(at)));
    const { B, ...others } = at;
    expect(bindDim(bindDim(dim, { B }), others)).toBe(bindDim(dim, at));
  });

  plain("divides terms, and refuses what leaves a rest", () => {
    expect(divideDims("6*B*T+4*T", "2*T")).toBe("3*B+2");
    expect(divideDims("B*T", "T")).toBe("B");
    expect(divideDims(0, "T")).toBe(0);
    expect(divideDims("T+1", "T")).toBeUndefined();
    expect(divideDims("3*T", 2)).toBeUndefined();
    expect(divideDims(6, 4)).toBeUndefined();
    expect(divideDims(0, 0)).toBeUndefined();
    expect(divideDims("T", "B+1")).toBeUndefined();
    expect(divideDims("T", 0)).toBeUndefined();
  });

  plain("names what it cannot hold or do", () => {
    expect(() => multiplyDims("T", 2 ** 52, 4)).toThrow(ShapeError);
    expect(() => ceilDivDim("T", 0)).toThrow(ShapeError);
    expect(() => ceilSqrtDim(-1)).toThrow(ShapeError);
  });

  plain("knows the symbols of a dim, and what a symbol is", () => {
    expect(symbolsOf("B*T+ceil(T-1/ceilSqrt(H))")).toEqual(["B", "T", "H"]);
    expect(symbolsOf(7)).toEqual([]);
    expect([isSymbol("T"), isSymbol("T+1"), isSymbol(3), isSymbol("ceil(T/2)")]).toEqual([true, false, false, false]);
  });
});

describe("isAtLeast", () => {
  test.prop([any, any, bindings], { numRuns: 500 })("is true only of what holds for every binding", (a, b, at) => {
    fc.pre(isExact(a.valueAt(at), b.valueAt(at)));
    if (isAtLeast(a.dim, b.dim)) expect(a.valueAt(at)).toBeGreaterThanOrEqual(b.valueAt(at));
  });

  test.prop([positive])("proves that sums and products of symbols are positive", ({ dim }) => {
    expect(isAtLeast(dim, 1)).toBe(true);
  });

  plain.each<readonly [Dim, Dim]>([
    ["T", 1],
    ["T+1", 2],
    ["B*T", "T"],
    ["B*T+1", "B+T"],
    ["T", "T-1"],
    ["8*ceil(T/8)", "T"],
    ["T+7", "8*ceil(T/8)"],
    ["ceil(T/ceilSqrt(T))*ceilSqrt(T)", "T"],
    ["ceilSqrt(T)*ceilSqrt(T)", "T"],
    ["ceil(T-1/2)", 0],
    [0, 0],
  ])("proves %s >= %s", (a, b) => {
    expect(isAtLeast(parseDim(String(a)) ?? NaN, b)).toBe(true);
  });

  plain.each<readonly [Dim, Dim]>([
    ["T", 2],
    ["T", "B"],
    ["T", "T+1"],
    ["ceil(T-1/2)", 1],
    ["ceil(T-3/2)", 0],
    ["T-1", "T-2+B"],
    [2, 3],
  ])("does not prove %s >= %s", (a, b) => {
    expect(isAtLeast(a, b)).toBe(false);
  });

  plain("gives up, rather than never ending, on a product of many symbols", () => {
    const many = Array.from({ length: 60 }, (_, i) => `A${i}`).join("*");
    expect(isAtLeast(many, `${many}-1`)).toBe(true);
    expect(isAtLeast(many, "T")).toBe(false);
  });
});
