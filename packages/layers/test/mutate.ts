/** Documents that are nearly right: one that uses everything, with parts removed, replaced, renamed, doubled or moved. */
import { fc } from "@fast-check/vitest";
import type { Signature, ModelDocument } from "../src/index";

/** Encoder, attention and decoder, a repeated block, a shared layer, ties, two losses; a cell, a layer and a loss as equations. */
export const graphDocument: ModelDocument = {
  format: 1,
  name: "everything",
  dtype: "f64",
  cells: {
    leaky: {
      title: "A leaky average",
      hyper: { rate: { default: 0.5, min: 0, max: 1 }, depth: 2 },
      state: { h: { shape: ["units"], init: 0.1 } },
      params: {
        W: { shape: ["input", "units"], init: "glorotUniform" },
        R: { shape: ["depth", "units", "units"], init: { type: "constant", value: "rate / 2" }, trainable: false },
      },
      cells: { inner: { type: "gru", units: "units", input: "units" } },
      functions: ["mix(a, b) = rate * a + (1 - rate) * b"],
      once: ["start = sum(R[0], 0)"],
      equations: [
        { repeat: "depth", index: "l", carry: { s: "x @ W" }, equations: ["s' = tanh(s @ R[l] + start)"] },
        "h' = mix(inner(s), h)",
      ],
      output: "h'",
    },
  },
  layers: [
    { name: "letters", type: "embedding", count: 7, units: 4 },
    { type: "dropout", rate: 0.1 },
    { name: "encoder", type: "recurrent", cell: { type: "lstm", units: 4 }, dropout: 0.1, layers: 1 },
    { name: "seen", type: "shift", inputs: "y", fill: 6 },
    { name: "said", type: "shared", layer: "letters", inputs: "seen" },
    {
      name: "decoder",
      type: "recurrent",
      cell: { type: "lstm", units: 4 },
      initialState: { h: "encoder.h", c: "encoder.c" },
    },
    { name: "look", type: "attention", memory: "encoder", score: "general" },
    { name: "both", type: "concat", inputs: ["look", "decoder"] },
    { name: "mixed", type: "dense", units: 4, activation: "tanh" },
    {
      name: "block",
      type: "group",
      repeat: 2,
      layers: [
        { type: "layerNorm" },
        { type: "dense", units: 4, activation: "relu", repeat: 2, weightInit: { type: "orthogonal", gain: 0.5 } },
        {
          name: "gate",
          type: "equations",
          reads: { x: ["features"] },
          hyper: { bias: -1 },
          params: { V: { shape: ["features", "features"], init: "orthogonal" } },
          equations: ["k = sigmoid(x @ V + bias)"],
          output: "k * x",
        },
        { type: "add", inputs: ["gate", "input"] },
      ],
    },
    { name: "next", type: "dense", units: 7, tie: { W: { weight: "letters.table", transpose: true } } },
    {
      name: "summary",
      type: "recurrent",
      inputs: "encoder",
      cell: { type: "leaky", units: 2, rate: 0.25 },
      output: "last",
    },
    { name: "size", type: "dense", units: 1, trainable: true },
  ],
  loss: [
    { type: "softmaxCrossEntropy", name: "symbols", prediction: "next" },
    {
      type: "equations",
      name: "count",
      target: "n",
      mask: false,
      weight: 0.5,
      reads: { prediction: [], target: [] },
      hyper: { width: 2 },
      equations: ["d = (prediction - target) / width"],
      output: "d^2",
    },
  ],
  metrics: [{ type: "accuracy", prediction: "next" }],
  outputs: { symbols_: "next", weights: "look.weights" },
};

/** A task that fits. */
export const graphSignature: Signature = {
  inputs: { x: { dtype: "i32", dims: ["B", "T"] }, lengths: { dtype: "i32", dims: ["B"] } },
  targets: {
    y: { dtype: "i32", dims: ["B", "S"] },
    mask: { dtype: "f64", dims: ["B", "S"] },
    n: { dtype: "f64", dims: ["B", 1] },
  },
};

type Path = readonly (string | number)[];

function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, child]) =>
      pathsIn(child, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

const paths = pathsIn(graphDocument).filter((path) => path.length > 0);
const parts = paths.map((path) => valueAt(graphDocument, path));

function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], document);
}

type Change =
  | { readonly kind: "remove" }
  | { readonly kind: "replace"; readonly value: unknown }
  | { readonly kind: "rename"; readonly key: string }
  | { readonly kind: "double" };

const word = fc.constantFrom(
  ...[
    "input",
    "block",
    "block1",
    "block2.dense1",
    "letters",
    "letters.table",
    "encoder.h",
    "look.weights",
    "y",
    "x",
    "q",
    "h'",
    "leaky",
    "x @ W",
    "s = (",
  ],
  ...[
    "shared",
    "group",
    "repeat",
    "layers",
    "trainable",
    "name",
    "inputs",
    "type",
    "dense",
    "size.W",
    "look.look",
    "next",
    "equations",
    "params",
    "shape",
    "reads",
    "output",
  ],
);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("remove" as const) }),
  fc.record({ kind: fc.constant("double" as const) }),
  fc.record({ kind: fc.constant("rename" as const), key: word }),
  fc.record({
    kind: fc.constant("replace" as const),
    value: fc.oneof(
      { weight: 3, arbitrary: word },
      { weight: 3, arbitrary: fc.constantFrom(...parts) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1, 2, 3, 1000, -1, 0.5, 1e9, true, false, null, [], {}, "") },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    ),
  }),
);

function apply(document: unknown, path: Path, made: Change): void {
  const parent = valueAt(document, path.slice(0, -1));
  if (typeof parent !== "object" || parent === null) return;
  const key = path[path.length - 1];
  const at = parent as Record<string | number, unknown>;
  if (made.kind === "replace") at[key] = structuredClone(made.value);
  else if (Array.isArray(parent)) {
    const index = Number(key);
    if (made.kind === "remove") parent.splice(index, 1);
    else parent.splice(index, 0, structuredClone(parent[index]));
  } else {
    const value = at[key];
    if (made.kind !== "double") Reflect.deleteProperty(at, key);
    if (made.kind === "rename" && value !== undefined) at[made.key] = value;
  }
}

/** `graphDocument` with up to three changes anywhere. */
export const mutated: fc.Arbitrary<unknown> = fc
  .array(fc.tuple(fc.constantFrom(...paths), change), { minLength: 1, maxLength: 3 })
  .map((changes) => {
    const document: unknown = structuredClone(graphDocument);
    for (const [path, made] of changes) apply(document, path, made);
    return document;
  });
