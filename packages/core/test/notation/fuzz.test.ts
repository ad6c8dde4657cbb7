// Equations that were changed at random, and hostile ones: each is elaborated or refused by an error of ours, and in time.
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { checkGraph, LatchgradError, type Graph } from "../../src/index";
import { graphOf } from "./harness";

/** Ours, or the test fails; the graph, when there is one, is valid. */
function attempt(lines: readonly string[], functions: readonly string[] = []): Graph | undefined {
  try {
    const { graph } = graphOf(lines, { functions });
    checkGraph(graph);
    return graph;
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    for (const issue of error.issues) {
      expect(issue.code).toMatch(/^\w[\w-]*\.[\w-]+$/);
      expect(issue.problem).not.toBe("");
      if (issue.at.kind === "equation") {
        expect(issue.at.from).toBeGreaterThanOrEqual(1);
        expect(issue.at.to).toBeGreaterThanOrEqual(issue.at.from);
        expect(issue.at.to).toBeLessThanOrEqual(issue.at.text.length + 1);
      } else expect(issue.at.kind).toBe("config");
    }
    expect(error.message.length).toBeLessThan(100_000);
    return undefined;
  }
}

const seeds = [
  "f = sigmoid(x @ W + h @ U + b)",
  "p, q = split(h, 2)",
  "y = where(m, h[1:], M[0] @ U) # a comment",
  "z = layerNorm(concat(x, h), axis = -1, epsilon = 1e-3)",
  "w = reshape(A[i] @ h, [2, units / 2])[.., 0]",
  "d = dropout(zoneout(h, b, rate), 0.25) * dropoutMask(rate, [units])",
  "e = (t % 2 == 0 and not train) * max(h, b)^2 - -1.5e-2",
  "k = oneHot(i, 3) @ W + sum(M, 0) * outer(x, h)[2] / norm(b)",
];

/** Pieces that equations are made of. */
const piece = fc.constantFrom(
  ...[
    "x",
    "h",
    "W",
    "U",
    "b",
    "A",
    "M",
    "s",
    "m",
    "i",
    "v",
    "t",
    "q",
    "units",
    "rate",
    "train",
    "pi",
    "inf",
    "y'",
    "f.g",
  ],
  ...["+", "-", "*", "/", "%", "@", "^", "==", "<", ">=", "!=", " and ", " or ", "not ", "=", ",", ":", "..", "'", "#"],
  ...[
    "(",
    ")",
    "[",
    "]",
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "1e9",
    "1e400",
    "4294967296",
    "sum(",
    "softmax(",
    "split(",
    "concat(",
  ],
  ...["reshape(", "where(", "dropout(", "zeros([", "eye(", "index(", "oneHot(", "roll(", "outer(", "axis=", "max("],
  ...["\n", "\t", " ", "σ", "⊙", "\u0000", "\ud800", "é", '"', "\\", "`", "$"],
);

const mutation = fc.record({
  seed: fc.constantFrom(...seeds),
  edits: fc.array(fc.record({ at: fc.nat(60), remove: fc.nat(4), insert: fc.array(piece, { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
});
const mutate = ({
  seed,
  edits,
}: {
  readonly seed: string;
  readonly edits: readonly { readonly at: number; readonly remove: number; readonly insert: readonly string[] }[];
}): string =>
  edits.reduce((text, { at, remove, insert }) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert.join("") + text.slice(place + remove);
  }, seed);

describe("equations changed at random", () => {
  property.prop([mutation], { numRuns: 4000, seed: 1 })("are elaborated or refused", (each) => {
    attempt([mutate(each)]);
  });

  property.prop([fc.array(piece, { maxLength: 12 })], { numRuns: 3000, seed: 2 })("made of pieces", (pieces) => {
    attempt([`y = ${pieces.join("")}`]);
  });

  property.prop([fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.array(piece, { maxLength: 8 })], {
    numRuns: 1500,
    seed: 3,
  })("with functions", (lines, pieces) => {
    attempt(lines.map(mutate), [`g(a) = a ${pieces.join("")}`]);
  });
});

/** Shapes that fit by construction, so that elaboration is reached more often than by chance. */
const vector: fc.Arbitrary<string> = fc.letrec<{ readonly v: string }>((tie) => ({
  v: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      "h",
      "b",
      "x @ W",
      "h @ U",
      "M[0]",
      "A[1][i]",
      "K[.., 0:1]",
      "K[:, 1, 0:]",
      "s",
      "0.5",
      "zeros([units])",
      "index(4)",
    ),
    fc
      .tuple(
        fc.constantFrom("tanh", "sigmoid", "relu", "softmax", "layerNorm", "cumsum", "-", "stopGradient"),
        tie("v"),
      )
      .map(([f, v]) => `${f}(${v})`),
    fc
      .tuple(tie("v"), fc.constantFrom("+", "-", "*", "/", "^", "%", "<", "=="), tie("v"))
      .map(([a, op, c]) => `(${a}) ${op} (${c})`),
    fc.tuple(tie("v"), tie("v")).map(([a, c]) => `where(m, ${a}, max(${c}, 0))`),
    fc.tuple(tie("v"), tie("v")).map(([a, c]) => `zoneout(${a}, dropout(${c}, rate), 0.1)`),
  ),
})).v;

property.prop([vector], { numRuns: 1500, seed: 4 })("expressions that mostly fit give valid graphs", (expression) => {
  attempt([`y = ${expression}`]);
});

test("of those that mostly fit, most are elaborated", () => {
  const all = fc.sample(vector, { numRuns: 300, seed: 5 });
  const good = all.filter((expression) => attempt([`y = ${expression}`]) !== undefined);
  expect(good.length).toBeGreaterThan(all.length / 2);
});

describe("hostile equations", () => {
  const long = 1900;
  const cases: Readonly<Record<string, string>> = {
    "open brackets": `y = ${"(".repeat(long)}`,
    "brackets around brackets": `y = ${"((x)+".repeat(30)}1${")".repeat(30)}`,
    "open indices": `y = x${"[".repeat(long)}`,
    "open calls": `y = ${"sum(".repeat(400)}`,
    "minus signs": `y = ${"-".repeat(long)}`,
    "minus signs and a value": `y = ${"-".repeat(long)}x`,
    "not not not": `y = ${"not ".repeat(400)}m`,
    powers: `y = ${"2^".repeat(900)}`,
    "a long sum": `y = ${"s+".repeat(900)}s`,
    "a long product": `y = ${"U@".repeat(900)}U`,
    "a chain of indices": `y = A${"[0]".repeat(600)}`,
    "a chain of slices": `y = h${"[0:]".repeat(400)}`,
    "an index of many axes": `y = A[${"0, ".repeat(600)}0]`,
    "a long name": `y = ${"x".repeat(long)}`,
    "names with dots": `y = x${".x".repeat(900)}`,
    "many targets": `${"y, ".repeat(600)}y = split(h, 2)`,
    "many arguments": `y = concat(${"x, ".repeat(600)}x)`,
    "named arguments": `y = sum(${"axis=axis=".repeat(150)}1)`,
    blanks: `y =${" ".repeat(long)}x`,
    "a comment": `y = x #${"(".repeat(long)}`,
    "half a number": `y = ${"1e".repeat(900)}`,
    "ranks that grow": `y = ${"outer(h, ".repeat(30)}h${")".repeat(30)}`,
    "sizes that grow": `y = zeros([${"2147483647, ".repeat(14)}2147483647])`,
    "far too long": "x".repeat(1_000_000),
  };
  test.each(Object.entries(cases))("%s", (_, text) => {
    // What took more than linear time here would take longer than any test may.
    attempt([text]);
  });
});
