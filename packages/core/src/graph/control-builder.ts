/** cond and while as one writes them: operands by name, and regions that may use any value of the graph around them. */
import { GraphError } from "../errors/errors.js";
import type { Graph } from "../ir/graph.js";
import { cond as condOp } from "../ops/cond.js";
import type { Value } from "../ops/op.js";
import { whileLoop as whileOp } from "../ops/while.js";
import type { GraphBuilder, RegionBuilder } from "./builder.js";
import { keysOf, named, type Values } from "./values.js";

interface Draft {
  readonly graph: Graph;
  readonly captured: readonly Value[];
}

/** A region from what `build` makes of parameters like `declared`. */
function draft(
  g: GraphBuilder,
  name: string,
  declared: Values,
  build: (region: RegionBuilder, params: Values) => Values,
): Draft {
  const region = g.inner(name);
  const params = Object.fromEntries(Object.entries(declared).map(([key, { type }]) => [key, region.param(key, type)]));
  const graph = region.build(build(region, params));
  return { graph, captured: region.captured() };
}

interface Joined {
  readonly captured: readonly Value[];
  readonly regions: readonly Graph[];
}

/** Regions that all take whatever one of them captures. */
function joined(g: GraphBuilder, drafts: readonly Draft[]): Joined {
  const captured = [...new Set(drafts.flatMap((each) => each.captured))];
  const names = captured.map((value) => ({ name: g.nameOf(value), type: value.type }));
  const regions = drafts.map(({ graph, captured: own }) =>
    g.region(graph.name, [...names, ...graph.params.slice(own.length)], ({ inline }, args) =>
      inline(graph, [...own.map((value) => args[captured.indexOf(value)]), ...args.slice(captured.length)]),
    ),
  );
  return { captured, regions };
}

export interface Branches<Name extends string> {
  readonly then: (region: RegionBuilder) => Values<Name>;
  readonly otherwise: (region: RegionBuilder) => Values<Name>;
}

/**
 * Appends a choice: what `then` gives where `predicate`, a bool scalar, is true, else what `otherwise` gives. Each is
 * called once, with a builder for its region; values of `g` used inside become operands. Only the chosen region runs.
 * Throws GraphError when the branches give other names, ShapeError when they give other types.
 */
export function cond<Name extends string>(
  g: GraphBuilder,
  predicate: Value,
  { then, otherwise }: Branches<Name>,
): Values<Name> {
  const first = draft(g, "then", {}, (region) => then(region));
  const keys = first.graph.outputs.map((output) => output.name) as Name[];
  const second = draft(g, "otherwise", {}, (region) => {
    const values = otherwise(region);
    const others = keysOf(values);
    if (others.length !== keys.length || !keys.every((key) => others.includes(key)))
      throw new GraphError([
        {
          code: "cond.results",
          problem: "both branches give results of the same names",
          at: { kind: "value", name: "cond" },
          expected: keys.join(", "),
          received: others.join(", "),
        },
      ]);
    return named(
      keys,
      keys.map((key) => values[key]),
    );
  });
  const { captured, regions } = joined(g, [first, second]);
  return named(keys, g.node({ op: condOp, inputs: [predicate, ...captured], regions, names: keys }));
}

export interface WhileOptions<Carry extends string> {
  /** The carries before the first step. */
  readonly init: Values<Carry>;
  /** A run that needs more steps stops with a RunError. */
  readonly limit: number;
}

export interface WhileRegions<Carry extends string> {
  /** Whether to take another step: a bool scalar. */
  readonly test: (region: RegionBuilder, carry: Values<Carry>) => Value;
  /** The next carries. */
  readonly step: (region: RegionBuilder, carry: Values<Carry>) => Values<Carry>;
}

/**
 * Appends a loop that runs as long as `test` says so; returns the final carries. `test` and `step` are called once, with
 * a builder for their regions; values of `g` used inside become consts. No gradient flows back through it.
 * Throws ShapeError when carries change their type or the test is no bool scalar.
 */
export function whileLoop<Carry extends string>(
  g: GraphBuilder,
  { init, limit }: WhileOptions<Carry>,
  { test, step }: WhileRegions<Carry>,
): Values<Carry> {
  const keys = keysOf(init);
  const condition = draft(g, "condition", init, (region, carry) => ({ goesOn: test(region, carry) }));
  const body = draft(g, "body", init, (region, carry) => {
    const next = step(region, carry);
    return Object.fromEntries(keys.map((key) => [`${key}'`, next[key]]));
  });
  const { captured, regions } = joined(g, [condition, body]);
  return named(
    keys,
    g.node({
      op: whileOp,
      inputs: [...captured, ...keys.map((key) => init[key])],
      attrs: { consts: captured.length, limit },
      regions,
      names: keys.map((key) => `${key}_final`),
    }),
  );
}
