/** A graph as a picture: Graphviz, compiled to WebAssembly, lays out what graph-dot.ts says. */
import type { Graph } from "@latchgrad/core";
import { dotOf } from "./graph-dot.js";

/** An SVG document. Graphviz is loaded when it is needed, because it is large. */
export async function svgOf(graph: Graph): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  return (await instance()).renderString(dotOf(graph), { format: "svg", engine: "dot" });
}
