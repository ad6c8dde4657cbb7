// Documents that use what the format of cells offers.
import type { CellDocumentInput } from "../../src/index";
import * as equations from "./equations";

/** A document, and those of the cells that it holds. */
export interface Feature {
  readonly document: CellDocumentInput;
  readonly cells?: Readonly<Record<string, CellDocumentInput>>;
}

/** Documents that use what the format offers, small, with the name of the feature. */
export const features: Readonly<Record<string, Feature>> = {
  "gates side by side": {
    document: {
      hyper: { forgetBias: 1 },
      state: { h: ["units"], c: ["units"] },
      params: {
        W: { shape: ["input", "3*units"], init: "glorotUniform" },
        U: { shape: ["units", "3*units"], init: "orthogonal" },
        b: { shape: ["3*units"], init: "zeros" },
      },
      equations: [
        "f, g, o = split(x @ W + h @ U + b, 3)",
        "k  = sigmoid(f + forgetBias)",
        "c' = k * c + (1 - k) * tanh(g)",
        "h' = sigmoid(o) * tanh(c')",
      ],
      output: "h'",
    },
  },
  "equations in any order": {
    document: {
      state: { h: ["units"] },
      params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
      equations: ["h' = 0.5 * h + b", "b = tanh(a)", "a = x @ W"],
      output: "h'",
    },
  },
  functions: {
    document: {
      hyper: { slope: 0.3 },
      state: { h: ["units"] },
      params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
      functions: ["swish(a) = a * sigmoid(slope * a)", "twice(a) = swish(swish(a))"],
      equations: ["h' = 0.9 * h + twice(x @ W)"],
      output: "h'",
    },
  },
  "a matrix for a state": {
    document: {
      state: { C: ["units", "units"], n: { shape: ["units"], init: 0.1 } },
      params: {
        Wq: { shape: ["input", "units"], init: "glorotUniform" },
        Wk: { shape: ["input", "units"], init: "glorotUniform" },
        Wv: { shape: ["input", "units"], init: "glorotUniform" },
      },
      equations: [
        "q = x @ Wq",
        "k = x @ Wk / sqrt(units)",
        "v = x @ Wv",
        "C' = 0.9 * C + outer(v, k)",
        "n' = 0.9 * n + k",
        "r = C' @ q / max(abs(n' @ q), 1)",
      ],
      output: "r",
    },
  },
  "heads, with matrices in stacks": {
    document: {
      hyper: { heads: { default: 2, min: 1, integer: true } },
      state: { S: ["heads", "units/heads", "units/heads"] },
      params: { W: { shape: ["input", "3*units"], init: "glorotUniform" } },
      equations: [
        "q, k, v = split(x @ W, 3)",
        "Q = reshape(q, [heads, 1, units/heads])",
        "K = reshape(k, [heads, units/heads, 1])",
        "V = reshape(v, [heads, 1, units/heads])",
        "S' = 0.8 * S + K @ V",
        "y = reshape(Q @ S', [units])",
      ],
      output: "y",
    },
  },
  "a repetition with parameters by index": {
    document: {
      hyper: { depth: 3 },
      state: { h: ["units"] },
      params: {
        W: { shape: ["input", "units"], init: "glorotUniform" },
        R: { shape: ["depth", "units", "units"], init: "orthogonal" },
        b: { shape: ["depth", "units"], init: "zeros" },
      },
      equations: [
        {
          repeat: "depth",
          index: "l",
          carry: { s: "h" },
          equations: ["u = where(l == 0, x @ W, 0)", "s' = tanh(u + s @ R[l] + b[l])"],
        },
        "h' = s",
      ],
      output: "h'",
    },
  },
  "a cell inside, with another state": {
    cells: { plain: equations.rnn },
    document: {
      state: { h: ["units"], c: ["units"] },
      params: { W: { shape: ["input", "2*units"], init: "glorotUniform" } },
      cells: {
        inner: { type: "lstm", units: "units", input: "units", forgetBias: 0.5 },
        second: { type: "plain", units: 2, input: "units" },
      },
      equations: [
        "i, o = split(sigmoid(x @ W), 2)",
        "c' = inner(i * h, c = 0.5 * c)",
        "h' = o * tanh(c') + sum(second(inner.c')) + 0 * inner.h",
      ],
      output: "h'",
    },
  },
  "dropout, zoneout and one mask per sequence": {
    document: {
      hyper: { rate: 0.5 },
      state: { h: ["units"] },
      params: {
        W: { shape: ["input", "units"], init: "glorotUniform" },
        U: { shape: ["units", "units"], init: "orthogonal" },
      },
      once: ["mask = dropoutMask(rate, [units])"],
      equations: ["a = tanh(dropout(x, rate) @ W + (mask * h) @ U)", "h' = zoneout(a, h, rate)"],
      output: "where(train, h', 1 * h')",
    },
  },
  "the number of the step": {
    document: {
      hyper: { period: 2 },
      state: { h: ["units"] },
      params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
      equations: ["new = tanh(x @ W) / (1 + t)", "h' = where(t % period == 0, new, h)"],
      output: "h'",
    },
  },
  "what is computed once": {
    document: {
      state: { h: ["units"] },
      params: { W: { shape: ["input", "units"], init: "glorotUniform" }, nu: { shape: ["units"], init: "ones" } },
      once: ["decay = exp(-exp(nu))", "gain = sqrt(1 - decay^2)"],
      equations: ["h' = decay * h + gain * (x @ W)"],
      output: "h'",
    },
  },
};

/** Bahdanau's attention over an encoder's states, shortened: context of a length that is a symbol. */
export const attention: CellDocumentInput = {
  context: { memory: ["positions", "features"] },
  state: { h: ["units"] },
  params: {
    W: { shape: ["input + features", "units"], init: "glorotUniform" },
    Wa: { shape: ["units", "features"], init: "glorotUniform" },
    Ua: { shape: ["features", "features"], init: "glorotUniform" },
    v: { shape: ["features"], init: { type: "normal", deviation: "1/sqrt(features)" } },
  },
  once: ["keys = memory @ Ua"],
  equations: [
    "weights = softmax(tanh(keys + h @ Wa) @ v)",
    "seen = weights @ memory",
    "h' = tanh(concat(x, seen) @ W)",
  ],
  output: "h'",
};
