// What is refused in groups, repetitions and second uses, and at which place.
import { f64 } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import type { Model, ModelDocument, Signature } from "../src/index";
import { documentOf, issuesOf, modelOf, problemsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];

const signature: Signature = { inputs: { x: f64("B", 3) }, targets: { y: f64("B", 3) } };
const build = (layers: readonly LayerDocument[]): Model => modelOf(documentOf([...layers]), signature);

const dense = (name?: string, rest: object = {}): LayerDocument => ({
  type: "dense",
  units: 3,
  activation: "tanh",
  ...(name === undefined ? {} : { name }),
  ...rest,
});

describe("problems", () => {
  const group = (layers: readonly LayerDocument[], rest: object = {}): LayerDocument => ({
    type: "group",
    name: "g",
    layers: [...layers],
    ...rest,
  });
  const shared = (layer: string, rest: object = {}): LayerDocument => ({ type: "shared", layer, ...rest });

  test.each<[string, readonly LayerDocument[], readonly string[]]>([
    [
      "unknown name in a group, told once",
      [group([dense("a", { inputs: "b" })], { repeat: 5 })],
      ["config.unknown-name /layers/0/layers/0/inputs"],
    ],
    [
      "a name inside, from outside",
      [group([dense("a")]), dense("b", { inputs: "a" })],
      ["config.unknown-name /layers/1/inputs"],
    ],
    [
      "a layer that a group lacks",
      [group([dense("ab")]), dense("b", { inputs: "g.ac" })],
      ["config.unknown-output /layers/1/inputs"],
    ],
    [
      "an output that a repeated layer lacks",
      [dense("a", { repeat: 2 }), dense("b", { inputs: "a2.h" })],
      ["config.unknown-output /layers/1/inputs"],
    ],
    ["a name and a repetition", [dense("a", { repeat: 2 }), dense("a2")], ["config.duplicate-name /layers/1/name"]],
    ["a repetition and a name", [dense("a2"), dense("a", { repeat: 2 })], ["config.duplicate-name /layers/1/name"]],
    ["equal names in a group", [group([dense("a"), dense("a")])], ["config.duplicate-name /layers/0/layers/1/name"]],
    ["a layer called input in a group", [group([dense("input")])], ["config.duplicate-name /layers/0/layers/0/name"]],
    [
      "a cycle through a group",
      [group([dense("a", { inputs: "b" })]), dense("b", { inputs: "g" })],
      ["config.cycle /layers/0/layers/0"],
    ],
    ["a group with two inputs", [group([dense("a")], { inputs: ["x", "x"] })], ["config.input-count /layers/0/inputs"]],
    [
      "an unused layer in a group",
      [group([dense("a"), dense("b", { inputs: "input" })])],
      ["config.unused-layer /layers/0/layers/0"],
    ],
    ["a second use of nothing", [dense("a"), shared("b")], ["config.unknown-name /layers/1/layer"]],
    ["a second use of an input", [dense("a"), shared("x")], ["config.not-a-layer /layers/1/layer"]],
    ["a second use of an output", [dense("a"), shared("a.W")], ["config.not-a-layer /layers/1/layer"]],
    ["a second use of itself", [dense("a"), shared("s", { name: "s" })], ["config.cycle /layers/1/layer"]],
    [
      "second uses of each other",
      [shared("t", { name: "s" }), shared("s", { name: "t" })],
      ["config.cycle /layers/1/layer", "config.cycle /layers/0/layer"],
    ],
    ["a group in itself", [group([dense("a"), shared("g")])], ["config.cycle /layers/0/layers/1/layer"]],
    ["too many repetitions", [dense("a", { repeat: 600 }), dense("b", { repeat: 600 })], ["config.too-large /layers"]],
    [
      "repetitions of repetitions",
      [group([group([dense("a", { repeat: 50 })], { repeat: 50 })], { repeat: 50 })],
      ["config.too-large /layers"],
    ],
  ])("%s", (_, layers, expected) => {
    expect(problemsOf(() => build(layers))).toEqual(expected);
  });

  test("uses of uses of groups cannot multiply without end, with or without layers in them", () => {
    const towers = (inner: LayerDocument): readonly LayerDocument[] =>
      Array.from({ length: 40 }, (_, i) =>
        group(i === 0 ? [inner] : [shared(`g${i - 1}`), shared(`g${i - 1}`)], { name: `g${i}` }),
      );
    expect(problemsOf(() => build(towers(dense("a"))))).toEqual(["config.too-large /layers"]);
    expect(problemsOf(() => build(towers(shared("nothing"))))).toEqual(["config.too-large /layers"]);
  });

  test("a cycle is shown as a path", () => {
    const layers = [group([dense("a", { inputs: "b" })]), dense("c", { inputs: "g" }), dense("b", { inputs: "c" })];
    expect(issuesOf(() => build(layers))).toMatchObject([{ received: "g.a reads b reads c reads g.a" }]);
    const loop = [group([dense("a"), shared("g.h"), group([shared("g")], { name: "h" })])];
    expect(issuesOf(() => build(loop))).toMatchObject([{ received: "g uses g.shared uses g.shared.shared uses g" }]);
  });
});
