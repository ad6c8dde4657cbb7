/** Elementwise functions of one operand. */
import { erfLane } from "../kernel/error-function.js";
import { expLane, expm1Lane, sigmoidLane, tanhLane } from "../kernel/exponential.js";
import { log1pLane, logLane } from "../kernel/logarithm.js";
import { rsqrtLane } from "../kernel/power.js";
import { signLane } from "../kernel/sign.js";
import { cosLane, sinLane } from "../kernel/trigonometric.js";
import { add, div, mul, neg, sub } from "./arithmetic.js";
import { unary } from "./elementwise.js";
import { erfOf } from "./erf.js";
import { filled } from "./rules.js";

export const abs = unary({
  name: "abs",
  summary: "Absolute value.",
  formula: "out[i] = |x[i]|",
  integersToo: true,
  cheap: true,
  kinked: true,
  f: Math.abs,
  lane: (k, x) => k.abs(x),
  // At 0 the derivative is taken as 0, which sign gives.
  vjp: ({ emit, cotangent: g, inputs: [x] }) => emit(mul, [g, emit(sign, [x])]),
});

export const sign = unary({
  name: "sign",
  summary: "-1, 0 or 1 by the sign of the element.",
  formula: "out[i] = sign(x[i])",
  integersToo: true,
  cheap: true,
  flat: true,
  f: Math.sign,
  lane: signLane,
  vjp: () => null,
});

export const floor = unary({
  name: "floor",
  summary: "The largest whole number not above the element.",
  formula: "out[i] = floor(x[i])",
  cheap: true,
  flat: true,
  f: Math.floor,
  lane: (k, x) => k.floor(x),
  vjp: () => null,
});

export const exp = unary({
  name: "exp",
  summary: "Exponential function.",
  formula: "out[i] = e^x[i]",
  f: Math.exp,
  lane: expLane,
  vjp: ({ emit, cotangent: g, output: y }) => emit(mul, [g, y]),
});

export const log = unary({
  name: "log",
  summary: "Natural logarithm; -inf at 0, NaN below.",
  formula: "out[i] = ln(x[i])",
  f: Math.log,
  lane: logLane,
  vjp: ({ emit, cotangent: g, inputs: [x] }) => emit(div, [g, x]),
});

export const log1p = unary({
  name: "log1p",
  summary: "Logarithm of 1 + x, accurate near 0.",
  formula: "out[i] = ln(1 + x[i])",
  f: Math.log1p,
  lane: log1pLane,
  vjp: ({ emit, cotangent: g, inputs: [x] }) => emit(div, [g, emit(add, [x, filled(emit, x.type, 1)])]),
});

export const expm1 = unary({
  name: "expm1",
  summary: "e^x - 1, accurate near 0.",
  formula: "out[i] = e^x[i] - 1",
  f: Math.expm1,
  lane: expm1Lane,
  vjp: ({ emit, cotangent: g, output: y }) => emit(mul, [g, emit(add, [y, filled(emit, y.type, 1)])]),
});

export const tanh = unary({
  name: "tanh",
  summary: "Hyperbolic tangent.",
  formula: "out[i] = tanh(x[i])",
  bounds: [-1, 1],
  f: Math.tanh,
  lane: tanhLane,
  // d tanh(x) = (1 - tanh(x)²) dx, so g - g·y² reuses the output and needs no constant.
  vjp: ({ emit, cotangent: g, output: y }) => emit(sub, [g, emit(mul, [g, emit(mul, [y, y])])]),
});

export const sigmoid = unary({
  name: "sigmoid",
  summary: "Logistic function, without overflow for any finite element.",
  formula: "out[i] = 1 / (1 + e^-x[i])",
  bounds: [0, 1],
  f: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  lane: sigmoidLane,
  // y' = y·(1 - y), written y - y² for the same reason as in tanh.
  vjp: ({ emit, cotangent: g, output: y }) => emit(mul, [g, emit(sub, [y, emit(mul, [y, y])])]),
});

export const sqrt = unary({
  name: "sqrt",
  summary: "Square root; NaN below 0.",
  formula: "out[i] = √x[i]",
  f: Math.sqrt,
  lane: (k, x) => k.sqrt(x),
  vjp: ({ emit, cotangent: g, output: y }) => emit(div, [g, emit(add, [y, y])]),
});

export const rsqrt = unary({
  name: "rsqrt",
  summary: "Reciprocal of the square root; inf at 0.",
  formula: "out[i] = 1 / √x[i]",
  f: (x) => 1 / Math.sqrt(x),
  lane: rsqrtLane,
  // d x^(-1/2) = -1/2 · x^(-3/2) = -1/2 · y³
  vjp({ emit, cotangent: g, output: y }) {
    const cube = emit(mul, [y, emit(mul, [y, y])]);
    return emit(mul, [g, emit(mul, [cube, filled(emit, y.type, -0.5)])]);
  },
});

export const sin = unary({
  name: "sin",
  summary: "Sine of an angle in radians.",
  formula: "out[i] = sin(x[i])",
  f: Math.sin,
  lane: sinLane,
  vjp: ({ emit, cotangent: g, inputs: [x] }) => emit(mul, [g, emit(cos, [x])]),
});

export const cos = unary({
  name: "cos",
  summary: "Cosine of an angle in radians.",
  formula: "out[i] = cos(x[i])",
  f: Math.cos,
  lane: cosLane,
  vjp: ({ emit, cotangent: g, inputs: [x] }) => emit(neg, [emit(mul, [g, emit(sin, [x])])]),
});

export const erf = unary({
  name: "erf",
  summary: "Gauss error function.",
  formula: "out[i] = 2/√π · ∫₀^x[i] e^(-t²) dt",
  f: erfOf,
  lane: erfLane,
  vjp({ emit, cotangent: g, inputs: [x] }) {
    const bell = emit(exp, [emit(neg, [emit(mul, [x, x])])]);
    return emit(mul, [g, emit(mul, [bell, filled(emit, x.type, 2 / Math.sqrt(Math.PI))])]);
  },
});
