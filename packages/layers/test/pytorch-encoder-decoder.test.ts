// Encoder-decoder models with attention, as documents, against PyTorch: outputs, loss and all gradients in f64.
import { evaluate, gradient, gradientName, i32, f64, type Tensor } from "@latchgrad/core";
import { expect, test } from "vitest";
import type { ModelDocument, Signature } from "../src/index";
import { documentOf, expectClose, fromStored, modelOf, readFixture, type Stored, tensor } from "./support";

interface EncoderDecoderCase {
  readonly name: "luong" | "bahdanau";
  readonly symbols: number;
  readonly embedding: number;
  readonly hidden: number;
  readonly lengths: readonly number[];
  readonly x: readonly (readonly number[])[];
  readonly y: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  readonly params: Readonly<Record<string, Stored>>;
  readonly logits: Stored;
  readonly weights: Stored;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const TOLERANCE = 1e-10;

/** The documents, as they would be written after the papers. */
const documents: Readonly<Record<EncoderDecoderCase["name"], (sizes: EncoderDecoderCase) => ModelDocument["layers"]>> =
  {
    luong: ({ symbols, embedding, hidden }) => [
      { name: "letters", type: "embedding", count: symbols, units: embedding },
      { name: "encoder", type: "recurrent", cell: { type: "lstm", units: hidden } },
      { name: "previous", type: "shift", inputs: "y", fill: symbols - 1 },
      { name: "said", type: "shared", layer: "letters" },
      {
        name: "decoder",
        type: "recurrent",
        cell: { type: "lstm", units: hidden },
        initialState: { h: "encoder.h", c: "encoder.c" },
      },
      { name: "look", type: "attention", memory: "encoder", score: "general" },
      { type: "concat", inputs: ["look", "decoder"] },
      { name: "mixed", type: "dense", units: embedding, activation: "tanh" },
      {
        name: "next",
        type: "dense",
        units: symbols,
        bias: false,
        tie: { W: { weight: "letters.table", transpose: true } },
      },
    ],
    bahdanau: ({ symbols, embedding, hidden }) => [
      { name: "letters", type: "embedding", count: symbols, units: embedding },
      {
        name: "encoder",
        type: "recurrent",
        cell: { type: "gru", units: hidden, reset: "after" },
        direction: "bidirectional",
      },
      { name: "both", type: "flatten", inputs: "encoder.h" },
      { name: "bridge", type: "dense", units: hidden, activation: "tanh" },
      { name: "previous", type: "shift", inputs: "y", fill: symbols - 1 },
      { name: "said", type: "embedding", count: symbols, units: embedding },
      {
        name: "decoder",
        type: "recurrent",
        cell: { type: "gru", units: hidden, reset: "after" },
        initialState: { h: "bridge" },
      },
      { name: "look", type: "attention", memory: "encoder", score: "additive" },
      { type: "concat", inputs: ["look", "decoder"] },
      { name: "mixed", type: "dense", units: embedding, activation: "tanh" },
      { name: "next", type: "dense", units: symbols },
    ],
  };

const signature: Signature = {
  inputs: { x: i32("B", "T"), lengths: i32("B") },
  targets: { y: i32("B", "S"), mask: f64("B", "S") },
};

test.each(readFixture<EncoderDecoderCase>("encoder-decoder.json").map((fixture) => [fixture.name, fixture] as const))(
  "%s equals PyTorch",
  (name, fixture) => {
    const model = modelOf(
      documentOf(documents[name](fixture), {
        loss: { type: "softmaxCrossEntropy" },
        outputs: { weights: "look.weights" },
      }),
      signature,
    );
    expect(model.params.map((param) => param.name).sort()).toEqual(Object.keys(fixture.params).sort());
    const grid = (dtype: "i32" | "f64", rows: readonly (readonly number[])[]): Tensor =>
      tensor(dtype, [rows.length, rows[0].length], rows.flat());
    const inputs: Record<string, Tensor> = {
      x: grid("i32", fixture.x),
      y: grid("i32", fixture.y),
      mask: grid("f64", fixture.mask),
      lengths: tensor("i32", [fixture.lengths.length], fixture.lengths),
      ...Object.fromEntries(Object.entries(fixture.params).map(([weight, stored]) => [weight, fromStored(stored)])),
    };
    const wrt = Object.keys(fixture.params);
    const found = evaluate(gradient(model.graph("train"), { of: "loss", wrt }), inputs);
    expectClose(found.loss.data, [fixture.loss], TOLERANCE, "loss");
    for (const weight of wrt)
      expectClose(found[gradientName(weight)].data, fixture.gradients[weight].data, TOLERANCE, weight);
    const { prediction, weights } = evaluate(model.graph("eval"), inputs);
    expectClose(prediction.data, fixture.logits.data, TOLERANCE, "logits");
    expectClose(weights.data, fixture.weights.data, TOLERANCE, "attention");
  },
);
