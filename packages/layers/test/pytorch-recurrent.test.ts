// LSTM, GRU and RNN against PyTorch, the reset-before GRU against a loop in PyTorch: outputs and all gradients in f64.
import { cotangentName, evaluate, f64, gradientName, i32, pullback, type Tensor } from "@latchgrad/core";
import { expect, test } from "vitest";
import type { ModelDocument } from "../src/index";
import { documentOf, expectClose, fromStored, modelOf, permute, readFixture, type Stored, tensor } from "./support";

interface RecurrentCase {
  readonly name: string;
  readonly cell: "lstm" | "gru" | "rnn" | "gruResetBefore";
  readonly time: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly lengths: readonly number[] | null;
  readonly params: Readonly<Record<string, Stored>>;
  readonly x: Stored;
  readonly h0: Stored | null;
  readonly c0: Stored | null;
  readonly cotangents: Readonly<Record<string, Stored>>;
  readonly outputs: Readonly<Record<string, Stored>>;
  readonly gradients: {
    readonly x: Stored;
    readonly h0?: Stored;
    readonly c0?: Stored;
    readonly params: Readonly<Record<string, Stored>>;
  };
}

const TOLERANCE = 1e-10;

/** Our gates in the order in which torch stacks them. */
const GATES = { lstm: ["f:1", "i:0", "g:2", "o:3"], gru: ["r:0", "z:1", "n:2"], rnn: [":0"] } as const;

const CELLS = {
  lstm: { type: "lstm" },
  gru: { type: "gru", reset: "after" },
  rnn: { type: "rnn" },
  gruResetBefore: { type: "gru", reset: "before" },
} as const;

/** Rows `block` of `blocks` of a stacked torch matrix or vector. */
function block({ dims, data }: Stored, index: number, hidden: number): Stored {
  const row = dims.length === 1 ? 1 : dims[1];
  return { dims: [hidden, ...dims.slice(1)], data: data.slice(index * hidden * row, (index + 1) * hidden * row) };
}

const transposed = (stored: Stored): Stored => permute(stored, [1, 0]);
const sum = (a: Stored, b: Stored): Stored => ({ dims: a.dims, data: a.data.map((value, i) => value + b.data[i]) });

/** Weights in our names from those of torch; the same mapping turns torch's gradients into ours. */
function ourWeights(
  { cell, layers, bidirectional, hidden }: RecurrentCase,
  torch: Readonly<Record<string, Stored>>,
  joinBiases: (input: Stored, recurrent: Stored) => Stored,
): Record<string, Stored> {
  if (cell === "gruResetBefore")
    return Object.fromEntries(Object.entries(torch).map(([name, stored]) => [`memory.${name}`, stored]));
  const weights: Record<string, Stored> = {};
  for (let layer = 0; layer < layers; layer++)
    for (const direction of bidirectional ? ["forward", "reverse"] : [""]) {
      const suffix = `_l${layer}${direction === "reverse" ? "_reverse" : ""}`;
      const path = [
        "memory",
        ...(layers > 1 ? [`layer${layer + 1}`] : []),
        ...(direction === "" ? [] : [direction]),
      ].join(".");
      for (const gate of GATES[cell]) {
        const [letter, index] = gate.split(":");
        const of = (name: string): Stored => block(torch[name + suffix], Number(index), hidden);
        weights[`${path}.W${letter}`] = transposed(of("weight_ih"));
        weights[`${path}.U${letter}`] = transposed(of("weight_hh"));
        if (cell === "gru" && letter === "n") {
          weights[`${path}.bn`] = of("bias_ih");
          weights[`${path}.bUn`] = of("bias_hh");
        } else weights[`${path}.b${letter}`] = joinBiases(of("bias_ih"), of("bias_hh"));
      }
    }
  return weights;
}

/** torch [layers * directions, B, H] ↔ ours [B, runs, H], or [B, H] for one run. */
function ourState(stored: Stored): Stored {
  const swapped = permute(stored, [1, 0, 2]);
  return stored.dims[0] === 1 ? { dims: [stored.dims[1], stored.dims[2]], data: swapped.data } : swapped;
}

function modelFor(fixture: RecurrentCase) {
  const { cell, input, hidden, layers, bidirectional, lengths } = fixture;
  const runs = layers * (bidirectional ? 2 : 1);
  const states = cell === "lstm" ? ["h", "c"] : ["h"];
  const given = fixture.h0 !== null;
  const document: ModelDocument = documentOf(
    [
      {
        name: "memory",
        type: "recurrent",
        cell: { ...CELLS[cell], units: hidden },
        layers,
        direction: bidirectional ? "bidirectional" : "forward",
        ...(given ? { initialState: Object.fromEntries(states.map((state) => [state, `${state}0`])) } : {}),
      },
    ],
    { outputs: Object.fromEntries(states.map((state) => [`${state}n`, `memory.${state}`])) },
  );
  const stateType = runs === 1 ? f64("B", hidden) : f64("B", runs, hidden);
  const inputs = {
    x: f64("B", "T", input),
    ...(given ? Object.fromEntries(states.map((state) => [`${state}0`, stateType])) : {}),
    ...(lengths === null ? {} : { lengths: i32("B") }),
  };
  return modelOf(document, { inputs, targets: { y: f64("B", "T", hidden * (bidirectional ? 2 : 1)) } });
}

test.each(readFixture<RecurrentCase>("recurrent.json").map((fixture) => [fixture.name, fixture] as const))(
  "%s equals PyTorch",
  (_, fixture) => {
    const { x, h0, c0, lengths, cotangents, outputs, gradients, params } = fixture;
    const model = modelFor(fixture);
    const weights = ourWeights(fixture, params, sum);
    expect(Object.keys(weights).sort()).toEqual(model.params.map((param) => param.name).sort());

    // torch's names and layouts of results and states, and ours.
    const results = { y: "prediction", hn: "hn", cn: "cn" } as const;
    const named = Object.entries(results).filter(([torch]) => torch in outputs);
    const ours = (torch: string, stored: Stored): Stored => (torch === "y" ? stored : ourState(stored));
    const states = Object.entries({ h0, c0 }).flatMap(([name, stored]) =>
      stored === null ? [] : [[name, stored] as const],
    );
    const inputs: Record<string, Tensor> = {
      x: fromStored(x),
      ...Object.fromEntries(states.map(([name, stored]) => [name, fromStored(ourState(stored))])),
      ...(lengths === null ? {} : { lengths: tensor("i32", [lengths.length], lengths) }),
      ...Object.fromEntries(Object.entries(weights).map(([name, stored]) => [name, fromStored(stored)])),
    };
    const wrt = Object.keys(inputs).filter((name) => name !== "lengths");
    const graph = pullback(model.graph("predict"), { of: named.map(([, name]) => name), wrt });
    const cts = named.map(
      ([torch, name]) => [cotangentName(name), fromStored(ours(torch, cotangents[torch]))] as const,
    );
    const found = evaluate(graph, { ...inputs, ...Object.fromEntries(cts) });

    for (const [torch, name] of named)
      expectClose(found[name].data, ours(torch, outputs[torch]).data, TOLERANCE, torch);
    // Both biases of torch have the gradient of our one.
    const expected: Record<string, Stored> = { ...ourWeights(fixture, gradients.params, (a) => a), x: gradients.x };
    if (gradients.h0 !== undefined) expected.h0 = ourState(gradients.h0);
    if (gradients.c0 !== undefined) expected.c0 = ourState(gradients.c0);
    expect(Object.keys(expected).sort()).toEqual([...wrt].sort());
    for (const name of wrt) expectClose(found[gradientName(name)].data, expected[name].data, TOLERANCE, name);
  },
);
