// The built-in cells, as equations.
import type { CellDocumentInput } from "../../src/index";

export const lstm: CellDocumentInput = {
  title: "LSTM with forget gate",
  source: "Gers, Schmidhuber, Cummins 2000, doi:10.1162/089976600300015015",
  hyper: { forgetBias: 1 },
  state: { h: ["units"], c: ["units"] },
  params: {
    Wf: { shape: ["input", "units"], init: "glorotUniform" },
    Uf: { shape: ["units", "units"], init: "orthogonal" },
    bf: { shape: ["units"], init: { type: "constant", value: "forgetBias" } },
    Wi: { shape: ["input", "units"], init: "glorotUniform" },
    Ui: { shape: ["units", "units"], init: "orthogonal" },
    bi: { shape: ["units"], init: "zeros" },
    Wg: { shape: ["input", "units"], init: "glorotUniform" },
    Ug: { shape: ["units", "units"], init: "orthogonal" },
    bg: { shape: ["units"], init: "zeros" },
    Wo: { shape: ["input", "units"], init: "glorotUniform" },
    Uo: { shape: ["units", "units"], init: "orthogonal" },
    bo: { shape: ["units"], init: "zeros" },
  },
  equations: [
    "f  = sigmoid(x @ Wf + h @ Uf + bf)",
    "i  = sigmoid(x @ Wi + h @ Ui + bi)",
    "g  = tanh(x @ Wg + h @ Ug + bg)",
    "o  = sigmoid(x @ Wo + h @ Uo + bo)",
    "c' = f * c + i * g",
    "h' = o * tanh(c')",
  ],
  output: "h'",
};

type Params = NonNullable<CellDocumentInput["params"]>;

const gruParams = (bias: readonly string[]): Params => {
  const params: Params = {};
  for (const gate of ["r", "z", "n"]) {
    params[`W${gate}`] = { shape: ["input", "units"], init: "glorotUniform" };
    params[`U${gate}`] = { shape: ["units", "units"], init: "orthogonal" };
    params[`b${gate}`] = { shape: ["units"], init: "zeros" };
  }
  for (const name of bias) params[name] = { shape: ["units"], init: "zeros" };
  return params;
};

const gru = (candidate: string, bias: readonly string[]): CellDocumentInput => ({
  state: { h: ["units"] },
  params: gruParams(bias),
  equations: [
    "r  = sigmoid(x @ Wr + br + h @ Ur)",
    "z  = sigmoid(x @ Wz + bz + h @ Uz)",
    candidate,
    "h' = (1 - z) * n + z * h",
  ],
  output: "h'",
});

export const gruBefore = gru("n = tanh(x @ Wn + bn + (r * h) @ Un)", []);
export const gruAfter = gru("n = tanh(x @ Wn + bn + r * (h @ Un + bUn))", ["bUn"]);

export const rnn: CellDocumentInput = {
  state: { h: ["units"] },
  params: {
    W: { shape: ["input", "units"], init: "glorotUniform" },
    U: { shape: ["units", "units"], init: "orthogonal" },
    b: { shape: ["units"], init: "zeros" },
  },
  equations: ["h' = tanh(x @ W + h @ U + b)"],
  output: "h'",
};
