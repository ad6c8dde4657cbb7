// Broken equations: each is refused at the part that is wrong, which stands between « and ».
import { describe, expect, test } from "vitest";
import { LatchgradError, type Issue } from "../../src/index";
import { graphOf, type Repeat, type WorldOptions } from "./harness";

function issuesOf(lines: readonly (string | Repeat)[], options: WorldOptions = {}): readonly Issue[] {
  try {
    graphOf(lines, options);
  } catch (error) {
    if (error instanceof LatchgradError) return error.issues;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

/** A text without its marks, and the columns that they enclose. */
function unmarked(text: string): { readonly text: string; readonly columns: readonly [number, number] | undefined } {
  const from = text.indexOf("«");
  const to = text.indexOf("»");
  if (from < 0) return { text, columns: undefined };
  return { text: text.replace("«", "").replace("»", ""), columns: [from + 1, Math.max(from + 1, to - 1)] };
}

/** Code, marked equation, and for some what is received or hinted. */
type Case = readonly [code: string, line: string, facts?: Partial<Pick<Issue, "received" | "hint" | "expected">>];

const syntax: readonly Case[] = [
  ["notation.syntax", "y = «»"],
  ["notation.syntax", "y = x +«»"],
  ["notation.syntax", "y = («»"],
  ["notation.syntax", "y = (x«»"],
  ["notation.syntax", "y = x«)»"],
  ["notation.syntax", "y = x «b»"],
  ["notation.syntax", "y = «2»x", { hint: 'products are written with "*": 2 * x; names begin with a letter' }],
  ["notation.syntax", "y = 2 «x»", { hint: 'products are written with "*" or "@"' }],
  ["notation.syntax", "y = x «⊙» h", { hint: 'the elementwise product is "*", the matrix product "@"' }],
  ["notation.syntax", "y = x «−» h", { hint: 'the minus sign is "-"' }],
  ["notation.syntax", "y = x *«*» 2", { hint: 'powers are written "^"' }],
  ["notation.syntax", "y = s < s «<» s", { hint: "comparisons do not chain: join two with and" }],
  ["notation.syntax", "y = x «=» h", { hint: 'equality is "=="; each equation has one "="' }],
  ["notation.syntax", "y «+» x"],
  ["notation.syntax", "«»"],
  ["notation.syntax", "«2»"],
  ["notation.syntax", "y = f(x,«)»"],
  ["notation.syntax", "y = x[«]»"],
  ["notation.syntax", "y = x[0:1«:»2]"],
  ["notation.syntax", "y = h'«'»"],
  ["notation.syntax", "y = «σ»(x)", { hint: "write sigmoid(...)" }],
  ["notation.syntax", "y = x && s"],
  ["notation.syntax", "y = «[»1, 2]"],
  ["notation.syntax", "y = x«.»"],
  ["notation.syntax", "y«(»a)"],
  ["notation.number", "y = «1e999»"],
  ["notation.too-long", `y = ${"x + ".repeat(600)}x`],
  ["notation.too-deep", `y = ${"(".repeat(60)}x${")".repeat(60)}`],
  ["notation.too-deep", `y = ${"-".repeat(100)}x`],
  ["notation.too-deep", `y = ${"2^".repeat(100)}s`],
];

const names: readonly Case[] = [
  ["notation.unknown-name", "y = «q» + x"],
  ["notation.unknown-name", "y = «unit» + x", { hint: 'did you mean "units"?' }],
  ["notation.unknown-name", "y = «tanh» * x", { hint: "tanh is a function: tanh(...)" }],
  ["notation.unknown-function", "y = «sigmoide»(x)", { hint: 'did you mean "sigmoid"?' }],
  ["notation.unknown-function", "y = «x»(h)", { hint: 'x is a value: products are written with "*" or "@"' }],
  ["notation.duplicate-name", "«x» = h"],
  ["notation.duplicate-name", "«t» = h"],
  ["notation.duplicate-name", "«pi» = 3"],
  ["notation.duplicate-name", "y, «y» = split(h, 2)"],
  ["notation.not-a-state", "«y'» = h"],
  ["notation.not-a-state", "y = «x'»"],
  ["notation.cycle", "y = x + sum(«y»)"],
  ["notation.arguments", "y = tanh(x, «x»)"],
  ["notation.arguments", "y = «tanh()»"],
  ["notation.arguments", "y = softmax(x, «dim» = 0)"],
  ["notation.arguments", "y = softmax(x, 0, «axis» = 0)"],
  ["notation.arguments", "y = tanh(«[1, 2]»)"],
  ["notation.arguments", "y = «concat()»"],
];

const shapes: readonly Case[] = [
  ["notation.product", "y = tanh(«h @ W»)", { received: "h: [4], W: [3,4]", hint: "W @ h fits, and is [3]" }],
  [
    "notation.product",
    "y = «x @ U» + b",
    { received: "x: [3], U: [4,4]", hint: "a weight has as many rows as x has elements" },
  ],
  // It fits, but not into the sum.
  ["notation.product", "y = x @ W + «h @ W»", { hint: "a matrix of [4, 4] fits here" }],
  ["notation.product", "y = x + «h @ W»", { hint: "W @ h fits, and is [3]" }],
  ["notation.product", "y = «W @ x»", { received: "W: [3,4], x: [3]", hint: "x @ W fits, and is [4]" }],
  [
    "notation.product",
    "y = «2 @ x»",
    { hint: 'a number multiplies with "*"; "@" comes before "*" and "/", so a / 2 @ B is a / (2 @ B)' },
  ],
  ["notation.shape", "y = «h[0, 1]»", { received: "h: [4]" }],
  ["notation.shape", "y = «M[0, .., 1, 1]»"],
  ["notation.index", "y = M[:, «9»]"],
  ["notation.syntax", "y = M[.., 0, «.».]"],
  ["notation.product", "y = «x @ b»", { received: "x: [3], b: [4]" }],
  ["notation.product", "y = «A @ W»"],
  ["notation.shape", "y = «x + h»", { received: "x: [3], h: [4]" }],
  ["notation.shape", "y = 1 + «x * b» + x", { received: "x: [3], b: [4]" }],
  ["notation.shape", "y = tanh(x @ W + «x»)".replace("x @ W + «x»", "«x @ W + x»"), { received: "x @ W: [4], x: [3]" }],
  ["notation.shape", "y = «h and m»", { received: "h: [4], m: [4] of conditions" }],
  ["notation.shape", "y = «not h»"],
  ["notation.shape", "y = where(«h», x, x)", { hint: "compare with a number: where(v > 0, a, b)" }],
  ["notation.shape", "y = «where(m, h, x)»"],
  ["notation.shape", "y = split(h, «3»)"],
  ["notation.shape", "y, z = split(h, «[1, 2]»)", { expected: "4", received: "1 + 2 = 3" }],
  ["notation.shape", "y = «concat(x, M)»"],
  ["notation.shape", "y = «concat(x, 1)»"],
  ["notation.shape", "y = «reshape(h, [3, 2])»", { received: "h: [4], to [3,2]" }],
  ["notation.shape", "y = «dot(x, h)»"],
  ["notation.shape", "y = transpose(«x»)"],
  ["notation.shape", "y = «s[0]»", { received: "s: a number" }],
  ["notation.index", "y = h[«4»]"],
  ["notation.index", "y = h[«-5»]"],
  ["notation.index", "y = h[«0.5»]"],
  ["notation.index", "y = A[«depth»]"],
  ["notation.index", "y = «h[3:2]»"],
  ["notation.index", "y = «h[:9]»"],
  ["notation.index", "y = h[«m»]"],
  ["notation.axis", "y = sum(M, «2»)"],
  ["notation.axis", "y = «softmax(s)»"],
  ["notation.size", "y = zeros([«units / 3»])"],
  ["notation.size", "y = zeros([«-1»])"],
  ["notation.size", "y = zeros([«s»])"],
  ["notation.size", `y = zeros(«[${new Array(20).fill("1").join(", ")}]»)`],
  ["notation.number", "y = dropout(x, «1»)"],
  ["notation.number", "y = dropout(x, «s»)"],
  ["notation.number", "y = «0 / 0» + x"],
  ["notation.number", "y = roll(x, «0.5»)"],
  ["notation.results", "«y, z» = tanh(x)", { expected: "1 name", received: "2 names" }],
  ["notation.results", "y = «split(h, 2)»", { expected: "2 names", received: "1 name" }],
];

describe.each([
  ["syntax", syntax],
  ["names", names],
  ["shapes", shapes],
] as const)("%s", (_, cases) => {
  test.each(cases.map((each) => [each[1].slice(0, 60), ...each] as const))("%s", (_name, code, line, facts = {}) => {
    const { text, columns } = unmarked(line);
    const [issue] = issuesOf([text]);
    expect(issue).toMatchObject({ code, ...facts });
    expect(issue.at).toMatchObject({ kind: "equation", text, pointer: "/equations/0", place: "test, equations/0" });
    if (columns !== undefined && issue.at.kind === "equation") expect([issue.at.from, issue.at.to]).toEqual(columns);
  });
});

test("there are many of them", () => {
  expect(syntax.length + names.length + shapes.length).toBeGreaterThan(60);
});

test("the message shows the equation, the part, both shapes and the place", () => {
  expect(issuesOf(["f = sigmoid(x @ W + «h @ W» + b)".replace(/[«»]/g, "")])).toHaveLength(1);
  try {
    graphOf(["f = sigmoid(x @ W + h @ W + b)"]);
  } catch (error) {
    expect(`${String(error)}`).toMatchInlineSnapshot(`
      "ShapeError: [notation.product] the last axis of the left side of "@" equals the rows of the right side
        at       f = sigmoid(x @ W + h @ W + b)
                                     ^^^^^
        in       test, equations/0, columns 21-25
        from     /equations/0
        received h: [4], W: [3,4]
        hint     a matrix of [4, 4] fits here"
    `);
  }
  expect.assertions(2);
});

test("all problems with names are found at once, in all equations", () => {
  const issues = issuesOf(["y = q + tanh(x, x)", "z = sigmoide(y) + r", "y = x"]);
  expect(issues.map(({ code, at }) => [code, at.kind === "equation" ? at.pointer : at.kind])).toEqual([
    ["notation.duplicate-name", "/equations/2"],
    ["notation.unknown-name", "/equations/0"],
    ["notation.arguments", "/equations/0"],
    ["notation.unknown-name", "/equations/1"],
    ["notation.unknown-function", "/equations/1"],
  ]);
});

describe("functions of a document", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["notation.duplicate-name", ["tanh(a) = a"], "y = tanh(x)"],
    ["notation.duplicate-name", ["f(a) = a", "f(b) = b"], "y = f(x)"],
    ["notation.duplicate-name", ["f(a, a) = a"], "y = f(x, x)"],
    ["notation.duplicate-name", ["f(t) = t"], "y = f(x)"],
    ["notation.unknown-name", ["f(a) = a * h"], "y = f(x)"],
    ["notation.unknown-function", ["f(a) = f(a)"], "y = f(x)"],
    ["notation.unknown-function", ["f(a) = g(a)", "g(a) = a"], "y = f(g(x))"],
    ["notation.unused", ["f(a) = a", "g(a) = a"], "y = f(x)"],
    ["notation.unused", ["f(a, c) = a"], "y = f(x, x)"],
    ["notation.arguments", ["f(a) = a"], "y = f(x, x)"],
    ["notation.arguments", ["f(a) = a"], "y = f(a = x)"],
    ["notation.shape", ["f(a) = a + b"], "y = f(x)"],
    ["notation.syntax", ["f(a = a"], "y = f(x)"],
    ["notation.syntax", ["f() = 1"], "y = f(x)"],
  ];
  test.each(cases)("%s: %j", (code, functions, line) => {
    expect(issuesOf([line], { functions }).map((issue) => issue.code)).toContain(code);
  });

  test("what is wrong inside is told with the place of the call", () => {
    const [issue] = issuesOf(["y = f(x)"], { functions: ["f(a) = tanh(a + b)"] });
    expect(issue.at).toMatchObject({
      pointer: "/functions/0",
      place: "test, functions/0, called in test, equations/0",
      from: 13,
      to: 17,
    });
  });

  test("functions that double each other's work are stopped", () => {
    const functions = [
      "f0(a) = a + a",
      ...Array.from({ length: 18 }, (_, i) => `f${i + 1}(a) = f${i}(a) + f${i}(a + 1)`),
    ];
    expect(issuesOf(["y = f18(x)"], { functions })[0].code).toBe("notation.too-large");
  });

  test("functions in functions in functions are stopped", () => {
    const functions = ["f0(a) = -a", ...Array.from({ length: 40 }, (_, i) => `f${i + 1}(a) = f${i}(a)`)];
    expect(issuesOf(["y = f40(x)"], { functions })[0].code).toBe("notation.too-deep");
  });
});

describe("repetitions", () => {
  const base: Repeat = { repeat: "depth", index: "l", carry: { r: "h" }, equations: ["r' = tanh(r @ A[l])"] };
  const cases: readonly (readonly [string, string, Repeat])[] = [
    ["never updated", "notation.never-updated", { ...base, equations: ["r2 = r", "l2 = l + sum(r2)"] }],
    ["carries a known name", "notation.duplicate-name", { ...base, carry: { x: "h" }, equations: ["x' = x @ A[l]"] }],
    ["a known name for its index", "notation.duplicate-name", { ...base, index: "x" }],
    ["changes its shape", "notation.shape", { ...base, equations: ["r' = concat(r, r) + 0 * l"] }],
    ["endless", "notation.too-large", { ...base, repeat: "100000", equations: ["r' = r + l"] }],
    ["half a pass", "notation.size", { ...base, repeat: "0.5" }],
    ["an unknown name", "notation.unknown-name", { ...base, equations: ["r' = r @ q + l"] }],
    ["a next value of something else", "notation.not-a-state", { ...base, equations: ["r' = r @ A[l]", "h' = r"] }],
    ["an index beyond", "notation.index", { ...base, repeat: "3" }],
    ["a cycle", "notation.cycle", { ...base, equations: ["r' = q @ A[l]", "q = p + r", "p = q"] }],
  ];
  test.each(cases)("%s", (_, code, repetition) => {
    expect(issuesOf([repetition]).map((issue) => issue.code)).toContain(code);
  });

  test("repetitions in repetitions are stopped before they are too much", () => {
    const lines = Array.from({ length: 100 }, (_, i) => ({
      repeat: "1000",
      carry: { [`r${i}`]: "h" },
      equations: [`r${i}' = r${i} + r${i} + r${i} + r${i}`],
    }));
    expect(issuesOf(lines)[0].code).toBe("notation.too-large");
  });
});
