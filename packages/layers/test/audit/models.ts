/** Models that are in no example, as a researcher would put them together. */
import { f64, i32, type TensorType } from "@latchgrad/core";
import type { ModelDocument, Signature } from "../../src/index";
import { documentOf } from "../support";

export interface AuditModel {
  readonly document: ModelDocument;
  readonly signature: Signature;
  /** Sizes of the axes that are open. */
  readonly sizes: Readonly<Record<string, number>>;
}

const sequence = (...dims: TensorType["dims"]): TensorType => f64("B", "T", ...dims);

export const auditModels: Readonly<Record<string, AuditModel>> = {
  "a language model with tied embedding": {
    document: documentOf(
      [
        { name: "letters", type: "embedding", count: 5, units: 4 },
        { name: "memory", type: "recurrent", cell: { type: "lstm", units: 6 }, layers: 2 },
        { name: "back", type: "dense", units: 4, bias: false },
        { name: "next", type: "dense", units: 5, tie: { W: { weight: "letters.table", transpose: true } } },
      ],
      { loss: { type: "softmaxCrossEntropy" } },
    ),
    signature: { inputs: { x: i32("B", "T") }, targets: { y: i32("B", "T") } },
    sizes: { B: 2, T: 4 },
  },
  "two inputs, two outputs and two losses": {
    document: documentOf(
      [
        { name: "signal", type: "recurrent", inputs: "x", cell: { type: "gru", units: 3 }, output: "last" },
        { name: "facts", type: "dense", inputs: "z", units: 3, activation: "tanh" },
        { name: "both", type: "concat", inputs: ["signal", "facts"] },
        { name: "body", type: "dense", units: 4, activation: "silu" },
        { name: "level", type: "dense", units: 1 },
        { name: "kind", type: "dense", inputs: "body", units: 3 },
      ],
      {
        loss: [
          { type: "meanSquaredError", name: "distance", prediction: "level", target: "y", weight: 0.3 },
          { type: "softmaxCrossEntropy", name: "class", prediction: "kind", target: "k" },
        ],
        outputs: { prediction: "level", kind: "kind" },
      },
    ),
    signature: {
      inputs: { x: sequence(2), z: f64("B", 2) },
      targets: { y: f64("B", 1), k: i32("B") },
    },
    sizes: { B: 3, T: 4 },
  },
  "a residual stack": {
    document: documentOf([
      { name: "read", type: "dense", units: 4 },
      {
        name: "block",
        type: "group",
        repeat: 2,
        layers: [
          { name: "norm", type: "layerNorm" },
          {
            name: "memory",
            type: "recurrent",
            cell: { type: "gru", units: 4 },
            direction: "bidirectional",
            merge: "sum",
          },
          {
            name: "gate",
            type: "equations",
            reads: { a: ["features"] },
            params: {
              V: { shape: ["features", "2 * features"], init: "glorotUniform" },
              b: { shape: ["2 * features"], init: "zeros" },
            },
            equations: ["u, v = split(a @ V + b, 2)"],
            output: "u * sigmoid(v)",
          },
          { name: "sum", type: "add", inputs: ["gate", "input"] },
        ],
      },
      { name: "forecast", type: "dense", units: 2 },
    ]),
    signature: { inputs: { x: sequence(2) }, targets: { y: sequence(2) } },
    sizes: { B: 2, T: 4 },
  },
  "encoder and decoder with attention": {
    document: documentOf(
      [
        { name: "letters", type: "embedding", count: 5, units: 3 },
        { name: "encoder", type: "recurrent", cell: { type: "lstm", units: 4 } },
        { name: "seen", type: "shift", inputs: "y", fill: 4 },
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
        { name: "next", type: "dense", units: 5 },
      ],
      { loss: { type: "softmaxCrossEntropy" } },
    ),
    signature: { inputs: { x: i32("B", "T") }, targets: { y: i32("B", "S") } },
    sizes: { B: 2, T: 4, S: 3 },
  },
  "twins that share a reader, with a loss of equations": {
    document: documentOf(
      [
        { name: "one", type: "recurrent", inputs: "x", cell: { type: "rnn", units: 3 }, output: "last" },
        { name: "two", type: "shared", layer: "one", inputs: "z" },
        {
          name: "near",
          type: "equations",
          inputs: ["one", "two"],
          reads: { a: ["size"], b: ["size"] },
          params: { w: { shape: ["size"], init: "ones" } },
          equations: ["d = abs(a - b)"],
          output: "reshape(dot(w, d), [1])",
        },
      ],
      {
        loss: {
          type: "equations",
          hyper: { margin: 0.7 },
          equations: ["far = max(margin - prediction, 0)"],
          output: "target * prediction^2 + (1 - target) * far^2",
        },
      },
    ),
    signature: { inputs: { x: sequence(2), z: sequence(2) }, targets: { y: f64("B", 1) } },
    sizes: { B: 3, T: 4 },
  },
};
