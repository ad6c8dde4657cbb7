/** Cells that are not in the library, written from their papers as a researcher would write them. */
import type { CellDocumentInput } from "../../src/index";

const glorot = (...shape: readonly (number | string)[]): { shape: (number | string)[]; init: "glorotUniform" } => ({
  shape: [...shape],
  init: "glorotUniform",
});
const orthogonal = (...shape: readonly (number | string)[]): { shape: (number | string)[]; init: "orthogonal" } => ({
  shape: [...shape],
  init: "orthogonal",
});
const zeros = (...shape: readonly (number | string)[]): { shape: (number | string)[]; init: "zeros" } => ({
  shape: [...shape],
  init: "zeros",
});

export interface AuditCell {
  readonly document: CellDocumentInput;
  /** Settings besides units. */
  readonly settings?: Readonly<Record<string, number>>;
}

export const auditCells: Readonly<Record<string, AuditCell>> = {
  onLstm: {
    settings: { chunk: 2 },
    document: {
      title: "Ordered neurons LSTM",
      source: "Shen, Tan, Sordoni, Courville 2019, arXiv:1810.09536, equations 6 to 14",
      hyper: { chunk: { default: 2, min: 1, integer: true } },
      state: { h: ["units"], c: ["units"] },
      params: {
        W: glorot("input", "4 * units + 2 * units / chunk"),
        U: orthogonal("units", "4 * units + 2 * units / chunk"),
        b: zeros("4 * units + 2 * units / chunk"),
      },
      functions: ["cumax(v) = cumsum(softmax(v))", "wide(v) = reshape(outer(v, ones([chunk])), [units])"],
      equations: [
        "mf, mi, f, i, o, g = split(x @ W + h @ U + b, [units / chunk, units / chunk, units, units, units, units])",
        "ft = wide(cumax(mf))",
        "it = wide(1 - cumax(mi))",
        "w  = ft * it",
        "fh = sigmoid(f) * w + (ft - w)",
        "ih = sigmoid(i) * w + (it - w)",
        "c' = fh * c + ih * tanh(g)",
        "h' = sigmoid(o) * tanh(c')",
      ],
      output: "h'",
    },
  },
  mogrifier: {
    document: {
      title: "Mogrifier LSTM",
      source: "Melis, Kočiský, Blunsom 2020, arXiv:1909.01792, equations 1 and 2",
      hyper: { pairs: { default: 2, min: 1, integer: true } },
      state: { h: ["units"], c: ["units"] },
      params: {
        Q: glorot("pairs", "units", "input"),
        R: glorot("pairs", "input", "units"),
        W: glorot("input", "4 * units"),
        U: orthogonal("units", "4 * units"),
        b: zeros("4 * units"),
      },
      equations: [
        {
          repeat: "pairs",
          index: "l",
          carry: { u: "x", v: "h" },
          equations: ["u' = 2 * sigmoid(v @ Q[l]) * u", "v' = 2 * sigmoid(u' @ R[l]) * v"],
        },
        "f, i, g, o = split(u @ W + v @ U + b, 4)",
        "c' = sigmoid(f) * c + sigmoid(i) * tanh(g)",
        "h' = sigmoid(o) * tanh(c')",
      ],
      output: "h'",
    },
  },
  antisymmetric: {
    document: {
      title: "AntisymmetricRNN with gating",
      source: "Chang, Chen, Haber, Chi 2019, arXiv:1902.09689, equation 13",
      hyper: { epsilon: 0.1, gamma: 0.05 },
      state: { h: ["units"] },
      params: {
        W: orthogonal("units", "units"),
        V: glorot("units", "input"),
        Vz: glorot("units", "input"),
        b: zeros("units"),
        bz: zeros("units"),
      },
      once: ["A = W - transpose(W) - gamma * eye(units)"],
      equations: ["z = sigmoid(A @ h + Vz @ x + bz)", "h' = h + epsilon * z * tanh(A @ h + V @ x + b)"],
      output: "h'",
    },
  },
  fastWeights: {
    document: {
      title: "Fast weights",
      source: "Ba, Hinton, Mnih, Leibo, Ionescu 2016, arXiv:1610.06258, equations 1 to 5",
      hyper: { inner: { default: 2, min: 1, integer: true }, decay: 0.95, rate: 0.5 },
      state: { h: ["units"], A: ["units", "units"] },
      params: {
        W: orthogonal("units", "units"),
        C: glorot("units", "input"),
        gain: zeros("units"),
        bias: zeros("units"),
      },
      equations: [
        "A' = decay * A + rate * outer(h, h)",
        "slow = W @ h + C @ x",
        {
          repeat: "inner",
          carry: { s: "tanh(slow)" },
          equations: ["s' = tanh((1 + gain) * layerNorm(slow + A' @ s) + bias)"],
        },
        "h' = s",
      ],
      output: "h'",
    },
  },
  unicornn: {
    document: {
      title: "UnICORNN",
      source: "Rusch, Mishra 2021, arXiv:2103.05487, equation 4",
      hyper: { dt: 0.2, alpha: 1.5 },
      state: { y: ["units"], z: ["units"] },
      params: {
        w: { shape: ["units"], init: "ones" },
        V: glorot("input", "units"),
        b: zeros("units"),
        c: zeros("units"),
      },
      once: ["step = dt * sigmoid(c)"],
      equations: ["z' = z - step * (tanh(w * y + x @ V + b) + alpha * y)", "y' = y + step * z'"],
      output: "y'",
    },
  },
  lem: {
    document: {
      title: "Long expressive memory",
      source: "Rusch, Mishra, Erichson, Mahoney 2022, arXiv:2110.04744, equation 3",
      hyper: { dt: 1 },
      state: { y: ["units"], z: ["units"] },
      params: {
        W: orthogonal("units", "3 * units"),
        V: glorot("input", "4 * units"),
        b: zeros("4 * units"),
        Wy: orthogonal("units", "units"),
      },
      equations: [
        "p1, p2, pz = split(y @ W, 3)",
        "q1, q2, qz, qy = split(x @ V + b, 4)",
        "d1 = dt * sigmoid(p1 + q1)",
        "d2 = dt * sigmoid(p2 + q2)",
        "z' = (1 - d1) * z + d1 * tanh(pz + qz)",
        "y' = (1 - d2) * y + d2 * tanh(z' @ Wy + qy)",
      ],
      output: "y'",
    },
  },
  gatedDeltaNet: {
    settings: { heads: 2 },
    document: {
      title: "Gated DeltaNet",
      source: "Yang, Kautz, Hatamizadeh 2024, arXiv:2412.06464, equation 10, with heads",
      hyper: { heads: { default: 2, min: 1, integer: true } },
      state: { S: ["heads", "units / heads", "units / heads"] },
      params: {
        Wq: glorot("input", "units"),
        Wk: glorot("input", "units"),
        Wv: glorot("input", "units"),
        Wa: glorot("input", "heads"),
        ba: { shape: ["heads"], init: "ones" },
        Wb: glorot("input", "heads"),
      },
      functions: ["rows(v) = reshape(v, [heads, 1, units / heads])", "each(v) = reshape(v, [heads, 1, 1])"],
      equations: [
        "q = rows(x @ Wq)",
        "k = unitNorm(rows(x @ Wk), epsilon = 1e-6)",
        "v = rows(x @ Wv)",
        "a = each(sigmoid(x @ Wa + ba))",
        "beta = each(sigmoid(x @ Wb))",
        "D = a * S",
        "S' = D + transpose(k) @ (beta * (v - k @ D))",
        "y = reshape(q @ S', [units])",
      ],
      output: "y",
    },
  },
  ssd: {
    settings: { heads: 2, states: 3 },
    document: {
      title: "Scalar state space (Mamba-2)",
      source: "Dao, Gu 2024, arXiv:2405.21060, equation 1 with a scalar A per head",
      hyper: { heads: { default: 2, integer: true, min: 1 }, states: { default: 3, integer: true, min: 1 } },
      state: { S: ["heads", "units / heads", "states"] },
      params: {
        W: glorot("input", "units"),
        WB: glorot("input", "states"),
        WC: glorot("input", "states"),
        Wd: glorot("input", "heads"),
        bd: zeros("heads"),
        logA: zeros("heads"),
        D: { shape: ["heads"], init: "ones" },
      },
      once: ["A = -exp(logA)"],
      equations: [
        "u  = reshape(x @ W, [heads, units / heads])",
        "B  = x @ WB",
        "C  = x @ WC",
        "dt = softplus(x @ Wd + bd)",
        "a  = reshape(exp(dt * A), [heads, 1, 1])",
        "S' = a * S + outer(reshape(dt, [heads, 1]) * u, B)",
        "y  = reshape(S' @ C + reshape(D, [heads, 1]) * u, [units])",
      ],
      output: "y",
    },
  },
  rwkv4: {
    document: {
      title: "Time mixing of RWKV-4",
      source: "Peng et al. 2023, arXiv:2305.13048, equations 11 to 17 and appendix D",
      state: {
        before: ["input"],
        a: ["units"],
        b: ["units"],
        p: { shape: ["units"], init: -1e30 },
      },
      params: {
        mr: { shape: ["input"], init: "ones" },
        mk: { shape: ["input"], init: "ones" },
        mv: { shape: ["input"], init: "ones" },
        Wr: glorot("input", "units"),
        Wk: glorot("input", "units"),
        Wv: glorot("input", "units"),
        Wo: orthogonal("units", "units"),
        w: zeros("units"),
        u: zeros("units"),
      },
      functions: ["mix(m, new, old) = m * new + (1 - m) * old"],
      equations: [
        "r = sigmoid(mix(mr, x, before) @ Wr)",
        "k = mix(mk, x, before) @ Wk",
        "v = mix(mv, x, before) @ Wv",
        "q = max(p, u + k)",
        "wkv = (exp(p - q) * a + exp(u + k - q) * v) / (exp(p - q) * b + exp(u + k - q))",
        "fade = p - exp(w)",
        "p' = max(fade, k)",
        "a' = exp(fade - p') * a + exp(k - p') * v",
        "b' = exp(fade - p') * b + exp(k - p')",
        "before' = x",
      ],
      output: "(r * wkv) @ Wo",
    },
  },
  softSkip: {
    document: {
      title: "Skip RNN with a soft gate around a GRU",
      source: "Campos, Jou, Giró-i-Nieto, Torres, Chang 2018, arXiv:1708.06834, equations 2 to 6 without rounding",
      state: { h: ["units"], u: { shape: [], init: 1 } },
      params: { wp: { shape: ["units"], init: "lecunUniform" }, bp: zeros() },
      cells: { inner: { type: "gru", units: "units", input: "input" } },
      equations: [
        "s = inner(x, h = h)",
        "h' = u * s + (1 - u) * h",
        "d = sigmoid(dot(h', wp) + bp)",
        "u' = u * d + (1 - u) * (u + min(d, 1 - u))",
      ],
      output: "h'",
    },
  },
  projectedResidual: {
    settings: { size: 6 },
    document: {
      title: "LSTM with projection and residual connection",
      source: "Kim, El-Khamy, Lee 2017, arXiv:1701.03360, equations 8 to 12",
      hyper: { size: { default: 6, integer: true, min: 1 } },
      state: { h: ["units"], c: ["size"] },
      params: {
        W: glorot("input", "4 * size"),
        U: glorot("units", "4 * size"),
        peep: zeros("3", "size"),
        b: zeros("4 * size"),
        P: glorot("size", "units"),
        R: glorot("input", "units"),
      },
      equations: [
        "i, f, g, o = split(x @ W + h @ U + b, 4)",
        "c' = sigmoid(f + peep[0] * c) * c + sigmoid(i + peep[1] * c) * tanh(g)",
        "m = (sigmoid(o + peep[2] * c') * tanh(c')) @ P",
        "h' = m + x @ R",
      ],
      output: "h'",
    },
  },
};
