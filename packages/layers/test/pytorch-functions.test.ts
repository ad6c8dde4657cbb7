// Derived functions and losses against PyTorch in f64: values and gradients.
import {
  buildGraph,
  cotangentName,
  evaluate,
  f64,
  gelu,
  gradientName,
  isFloat,
  layerNorm,
  logSigmoid,
  logSoftmax,
  logsumexp,
  pullback,
  silu,
  softmax,
  softplus,
  variance,
  type GraphBuilder,
  type Tensor,
  type Value,
} from "@latchgrad/core";
import { expect, test } from "vitest";
import { losses } from "../src/index";
import { maskedMean } from "../src/objectives/objective";
import { expectClose, fromStored, readFixture, type Stored } from "./support";

interface FunctionCase {
  readonly name: string;
  readonly function: string;
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly attrs: {
    readonly dim?: number | readonly number[] | null;
    readonly keepdim?: boolean;
    readonly eps?: number;
    readonly reduction?: string;
  };
  readonly cotangent: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const TOLERANCE = 1e-10;

type Build = (g: GraphBuilder, inputs: Readonly<Record<string, Value>>, attrs: FunctionCase["attrs"]) => Value;

/** torch's dim: a number, a list, or null for all axes. */
const axesOf = (x: Value, dim: FunctionCase["attrs"]["dim"]): number | readonly number[] =>
  dim ?? x.type.dims.map((_, axis) => axis);

/** torch keeps a reduced axis with size 1 on request; here a reshape does. */
const keep = (g: GraphBuilder, value: Value, keepdim: boolean | undefined, dims: readonly number[]): Value =>
  keepdim === true ? g.reshape(value, { dims }) : value;

const functions: Readonly<Record<string, Build>> = {
  softmax: (g, { x }) => softmax(g, x, { axis: -1 }),
  logSoftmax: (g, { x }) => logSoftmax(g, x, { axis: -1 }),
  logSumExp: (g, { x }) => logsumexp(g, x, { axis: -1 }),
  layerNorm(g, { x, weight, bias }, { eps = 0 }) {
    const normal = layerNorm(g, x, { axis: -1, epsilon: eps });
    return weight === undefined ? normal : g.add(g.mul(normal, weight), bias);
  },
  softplus: (g, { x }) => softplus(g, x),
  logSigmoid: (g, { x }) => logSigmoid(g, x),
  silu: (g, { x }) => silu(g, x),
  gelu: (g, { x }) => gelu(g, x),
  erf: (g, { x }) => g.erf(x),
  variance: (g, { x }, { dim }) => variance(g, x, { axis: axesOf(x, dim) }),
  mseLoss: (g, { x, target }) =>
    maskedMean(g, losses.meanSquaredError.each(g, x, target, placeOf("meanSquaredError")), undefined),
  crossEntropy: (g, { logits, target, mask }) =>
    maskedMean(g, losses.softmaxCrossEntropy.each(g, logits, target, placeOf("softmaxCrossEntropy")), mask),
  bceWithLogits(g, { logits, target }, { reduction }) {
    const each = losses.binaryCrossEntropy.each(g, logits, target, placeOf("binaryCrossEntropy"));
    return reduction === "none" ? each : maskedMean(g, each, undefined);
  },
};

/** A loss in a document, with nothing but its defaults. */
const placeOf = <const Type extends string>(type: Type) => ({ config: { type, target: "y" }, pointer: "/loss" });

/** Ids are whole numbers; everything else is a float, and masks may be whole numbers too. */
const inputTensor = (fixture: FunctionCase, name: string): Tensor =>
  fromStored(fixture.inputs[name], fixture.function === "crossEntropy" && name !== "logits" ? "i32" : "f64");

test.each(readFixture<FunctionCase>("functions.json").map((fixture) => [fixture.name, fixture] as const))(
  "%s equals PyTorch",
  (_, fixture) => {
    const build = functions[fixture.function];
    expect(build, `no function for ${fixture.function}`).toBeDefined();
    const g = buildGraph("function");
    const inputs = Object.fromEntries(Object.keys(fixture.inputs).map((name) => [name, inputTensor(fixture, name)]));
    const params = Object.fromEntries(Object.entries(inputs).map(([name, { type }]) => [name, g.param(name, type)]));
    const { dims } = fixture.output;
    const value = keep(g, build(g, params, fixture.attrs), fixture.attrs.keepdim, dims);
    expect(value.type).toEqual(f64(...dims));

    const wrt = Object.keys(fixture.gradients);
    expect(wrt.every((name) => isFloat(inputs[name].type.dtype))).toBe(true);
    const graph = pullback(g.build({ value }), { of: ["value"], wrt });
    const found = evaluate(graph, { ...inputs, [cotangentName("value")]: fromStored(fixture.cotangent) });
    expectClose(found.value.data, fixture.output.data, TOLERANCE, "value");
    for (const name of wrt)
      expectClose(found[gradientName(name)].data, fixture.gradients[name].data, TOLERANCE, `gradient of ${name}`);
  },
);
