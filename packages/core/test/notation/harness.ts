// Equations in a small world: a state h [4], an input x [3], weights W [3,4], U [4,4], b [4], A [2,4,4], a mask m of conditions.
import {
  bool,
  buildGraph,
  CONSTANTS,
  ConfigError,
  elaborate,
  f64,
  findNameIssues,
  i32,
  numberOf,
  parseEquation,
  parseFormula,
  parseFunction,
  STEP,
  tensorOf,
  TRAIN,
  truthOf,
  type Block,
  type Declaration,
  type EquationSource,
  type Graph,
  type NotationScope,
  type Quantity,
  type Statement,
  type TensorType,
} from "../../src/index";

/** A repetition of the tests. */
export interface Repeat {
  readonly repeat: string;
  readonly index?: string;
  readonly carry: Readonly<Record<string, string>>;
  readonly equations: readonly string[];
}

const sourceOf = (text: string, pointer: string): EquationSource => ({
  text,
  pointer,
  place: `test, ${pointer.slice(1)}`,
});

/** Tensors of the world: type, and whether it has the batch in front. */
const WORLD: Readonly<Record<string, readonly [TensorType, boolean]>> = {
  x: [f64("B", 3), true],
  h: [f64("B", 4), true],
  W: [f64(3, 4), false],
  U: [f64(4, 4), false],
  b: [f64(4), false],
  A: [f64(2, 4, 4), false],
  M: [f64("B", 4, 4), true],
  K: [f64(2, 4), false],
  s: [f64("B"), true],
  m: [bool("B", 4), true],
  i: [i32("B"), true],
  v: [f64("B", "S"), true],
  t: [i32(), false],
};
const NUMBERS: Readonly<Record<string, number>> = { units: 4, rate: 0.5, depth: 2 };

export interface WorldOptions {
  readonly functions?: readonly string[];
  readonly training?: boolean;
}

const blockOf = (lines: readonly (string | Repeat)[], pointer: string): Block =>
  lines.map((line, i): Statement => {
    const at = `${pointer}/${i}`;
    if (typeof line === "string") return { kind: "equation", equation: parseEquation(sourceOf(line, at)) };
    return {
      kind: "repetition",
      source: sourceOf("repeat", at),
      count: parseFormula(sourceOf(line.repeat, `${at}/repeat`)),
      index: line.index,
      carry: Object.entries(line.carry).map(([name, init]) => ({
        name,
        init: parseFormula(sourceOf(init, `${at}/carry/${name}`)),
      })),
      body: blockOf(line.equations, `${at}/equations`),
    };
  });

/** Reads, checks and elaborates equations. Everything that they define is an output of the graph. */
export function graphOf(
  lines: readonly (string | Repeat)[],
  { functions = [], training = true }: WorldOptions = {},
): { readonly graph: Graph; readonly defined: ReadonlyMap<string, Quantity> } {
  const block = blockOf(lines, "/equations");
  const own = functions.map((text, i) => parseFunction(sourceOf(text, `/functions/${i}`)));
  const declare = (name: string): Declaration => ({ name, what: "value", pointer: `/${name}`, optional: true });
  const known = [...Object.keys(WORLD), ...Object.keys(NUMBERS), STEP, TRAIN].map(declare);
  const issues = findNameIssues({
    functions: own,
    shared: [...Object.keys(NUMBERS), "W", "b"].map(declare),
    blocks: [{ block, known, states: [], cells: new Map(), cellPointers: new Map() }],
    results: lines.flatMap((line) => {
      // Read, so that nothing here is unused.
      const names = typeof line === "string" ? [/^\s*(\w+)/.exec(line)?.[1] ?? "x"] : Object.keys(line.carry);
      const all = typeof line === "string" && line.includes(",") ? (line.split("=")[0]?.match(/\w+/g) ?? []) : names;
      return all.map((name) => parseFormula(sourceOf(name, "/output")));
    }),
    settings: [],
  });
  if (issues.length > 0) throw new ConfigError(issues);
  const g = buildGraph("test");
  const key = g.param("key", { dtype: "u32", dims: [2] });
  const scope: NotationScope = {
    g,
    dtype: "f64",
    batch: ["B"],
    training,
    names: new Map<string, Quantity>([
      ...Object.entries(CONSTANTS).map(([name, value]) => [name, numberOf(value)] as const),
      ...Object.entries(NUMBERS).map(([name, value]) => [name, numberOf(value)] as const),
      ...Object.entries(WORLD).map(
        ([name, [type, batched]]) => [name, tensorOf(g.param(name, type), batched)] as const,
      ),
      [TRAIN, truthOf(training)],
    ]),
    functions: new Map(own.map((each) => [each.name.name, each])),
    cells: new Map(),
    states: new Map(),
    uniform: (stream, dims) =>
      g.mul(g.cast(g.randomBits(key, g.param(`step.${stream}`, i32()), { stream, dims }), { dtype: "f32" }), 2 ** -32),
  };
  const defined = elaborate(block, scope);
  const outputs = [...defined].flatMap(([name, quantity]) =>
    quantity.kind === "tensor" ? [[name, quantity.value] as const] : [],
  );
  return { graph: g.build(Object.fromEntries(outputs)), defined };
}
