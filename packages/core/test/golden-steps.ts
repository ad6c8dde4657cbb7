// What a golden file's run line can say. A step takes the text so far apart from the graph, so that errors are text too.
import { gradient } from "../src/autodiff/gradient.js";
import { pullback } from "../src/autodiff/pullback.js";
import { bindGraph } from "../src/graph/bind.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { graphToJson } from "../src/graph/serialize.js";
import { checkGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import { printEquations } from "../src/notation/print-equations.js";
import { loopPasses, optimize } from "../src/passes/index.js";

type Options = ReadonlyMap<string, string>;
type Step = (graph: Graph, options: Options) => Graph | string;

const listed = (options: Options, key: string): readonly string[] => options.get(key)?.split(",") ?? [];

/** Steps that are passes have the pass's name. */
export const steps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ["print", (graph) => graph],
  [
    "verify",
    (graph) => {
      checkGraph(graph);
      return graph;
    },
  ],
  ["json", (graph) => graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph))))],
  ["to-json", (graph) => `${JSON.stringify(graphToJson(graph), null, 2)}\n`],
  ["equations", (graph) => printEquations(graph)],
  ["optimize", (graph) => optimize(graph, { check: true })],
  ["pullback", (graph, options) => pullback(graph, { of: listed(options, "of"), wrt: listed(options, "wrt") })],
  ["gradient", (graph, options) => gradient(graph, { of: options.get("of") ?? "", wrt: listed(options, "wrt") })],
  ["bind", (graph, options) => bindGraph(graph, Object.fromEntries([...options].map(([k, v]) => [k, Number(v)])))],
  ...loopPasses.map((pass): [string, Step] => [pass.name, (graph) => pass.run(graph)]),
]);

interface Command {
  readonly name: string;
  readonly options: Options;
}

/** "gradient of=loss wrt=W,b dce" is two steps; words with = belong to the step before them. */
function commandsOf(line: string): readonly Command[] {
  const commands: { name: string; options: Map<string, string> }[] = [];
  for (const word of line.trim().split(/\s+/)) {
    const [key, value] = word.split("=", 2);
    if (value === undefined) commands.push({ name: key, options: new Map() });
    else commands[commands.length - 1].options.set(key, value);
  }
  return commands;
}

/** The text that running `line` on `input` gives: the last graph, or the error that stopped it. Throws on what is a bug. */
export function runGolden(line: string, input: string, isExpected: (error: unknown) => string | undefined): string {
  try {
    let graph = input.trimStart().startsWith("{") ? graphFromJson(JSON.parse(input)) : parseGraph(input);
    for (const { name, options } of commandsOf(line)) {
      const step = steps.get(name);
      if (step === undefined)
        throw new TypeError(`no step is named ${name}; there are: ${[...steps.keys()].join(", ")}`);
      const result = step(graph, options);
      if (typeof result === "string") return result;
      graph = result;
    }
    return printGraph(graph);
  } catch (error) {
    const text = isExpected(error);
    if (text === undefined) throw error;
    return text;
  }
}
