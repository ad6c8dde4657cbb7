/** A graph in the language of Graphviz: nodes with their types, the bodies of loops and branches as clusters. */
import { formatType, type Graph } from "@latchgrad/core";

/** What is written so far, and how many clusters have a number. */
interface Page {
  readonly lines: string[];
  clusters: number;
}

/** The text of a .dot file. Values are called as in the graph, those in bodies behind the names of what they are in. */
export function dotOf(graph: Graph): string {
  const page: Page = {
    lines: [
      `digraph ${quoted(graph.name)} {`,
      `  graph [fontname="Helvetica", fontsize=11];`,
      `  node [shape=box, style=rounded, fontname="Helvetica", fontsize=11];`,
      `  edge [arrowsize=0.6];`,
    ],
    clusters: 0,
  };
  const makers = writePart(page, graph, "", "  ");
  for (const { name, value } of graph.outputs) {
    const end = quoted(`output ${name}`);
    page.lines.push(`  ${end} [label=${quoted(name)}, shape=plaintext];`, `  ${quoted(makers[value])} -> ${end};`);
  }
  return `${page.lines.join("\n")}\n}\n`;
}

/** Writes the nodes of a graph or body; returns for each value the name of what makes it. */
function writePart(page: Page, part: Graph, prefix: string, indent: string): readonly string[] {
  const { lines } = page;
  const makers: string[] = [];
  for (const { name, type } of part.params) {
    makers.push(prefix + name);
    const label = quoted(`${name}\n${formatType(type)}`);
    lines.push(`${indent}${quoted(prefix + name)} [label=${label}, style=filled, fillcolor="#eeeeee"];`);
  }
  for (const { names, op, types, inputs, regions } of part.nodes) {
    const own = prefix + names[0];
    const title = names[0] === op ? op : `${names.join(", ")} = ${op}`;
    lines.push(`${indent}${quoted(own)} [label=${quoted([title, ...types.map(formatType)].join("\n"))}];`);
    for (const input of inputs) lines.push(`${indent}${quoted(makers[input])} -> ${quoted(own)};`);
    for (const region of regions) {
      lines.push(`${indent}subgraph cluster_${page.clusters++} {`);
      lines.push(`${indent}  label=${quoted(`${names[0]}: ${region.name}`)};`);
      const inner = writePart(page, region, `${own}/${region.name}/`, `${indent}  `);
      lines.push(`${indent}}`);
      // What the body gives is what the node gives.
      const results = new Set(region.outputs.map(({ value }) => inner[value]));
      for (const result of results) lines.push(`${indent}${quoted(result)} -> ${quoted(own)} [style=dashed];`);
    }
    makers.push(...names.map(() => own));
  }
  return makers;
}

/** Strings of Graphviz have the escapes of JSON, as far as names and types need them. */
const quoted = (text: string): string => JSON.stringify(text);
