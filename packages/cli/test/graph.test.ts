// A model's graph on the command line: every stage in every form.
import { graphFromJson, hashGraph, parseGraph } from "@latchgrad/core";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { graphCommand, type GraphCommand } from "../src/graph-command";

const file = fileURLToPath(new URL("../../examples/models/adding-lstm.json", import.meta.url));

async function shown(options: Partial<GraphCommand>): Promise<string> {
  let text = "";
  const screen = { write: (more: string) => void (text += more) };
  expect(await graphCommand({ file, format: "text", ...options, screen })).toBe(0);
  return text;
}

const stages: readonly (readonly [string, Partial<GraphCommand>])[] = [
  ["what predicts", {}],
  ["the gradient", { gradient: true }],
  ["the training step", { step: true }],
];

describe.each(stages)("%s", (_name, stage) => {
  test.each([false, true])("is the same graph as text and as JSON, with passes: %s", async (passes) => {
    const text = parseGraph(await shown({ ...stage, passes }));
    const json = graphFromJson(JSON.parse(await shown({ ...stage, passes, format: "json" })));
    expect(hashGraph(text)).toBe(hashGraph(json));
  });

  test("as equations, keeps the names of the cell", async () => {
    const text = await shown({ ...stage, passes: true, format: "equations" });
    for (const name of ["forget", "candidate"]) expect(text).toMatch(new RegExp(`${name}\\w* = `));
    // What has a number for a name would read as that number.
    expect(text).not.toMatch(/^\s*\d+ = /m);
  });

  test("as a picture, has a box for each node and body, and a line for each that Graphviz's text has", async () => {
    const svg = await shown({ ...stage, passes: true, format: "svg" });
    const dot = await shown({ ...stage, passes: true, format: "dot" });
    const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
    expect(svg).toMatch(/^<\?xml[\s\S]*<svg [\s\S]*<\/svg>\s*$/);
    expect(count(svg, /class="node"/g)).toBe(count(dot, /^ *"(?:[^"\\]|\\.)*" \[label/gm));
    expect(count(svg, /class="cluster"/g)).toBe(count(dot, /subgraph cluster_/g));
    expect(count(svg, /class="edge"/g)).toBe(count(dot, / -> /g));
  });

  test("for Graphviz, has a cluster for each body, and no line to what is not there", async () => {
    const dot = await shown({ ...stage, format: "dot" });
    const graph = parseGraph(await shown(stage));
    expect(dot.match(/subgraph cluster_/g)?.length).toBe(graph.nodes.flatMap(({ regions }) => regions).length);
    const text = String.raw`"(?:[^"\\]|\\.)*"`;
    const known = new Set(
      [...dot.matchAll(new RegExp(String.raw`^ *(${text}) \[label`, "gm"))].map(([, name]) => name),
    );
    const edges = [...dot.matchAll(new RegExp(String.raw`^ *(${text}) -> (${text})`, "gm"))];
    expect(edges.length).toBeGreaterThan(10);
    for (const [, from, to] of edges) expect([known.has(from), known.has(to)]).toEqual([true, true]);
  });
});

test("it is written into a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchgrad-graph-"));
  try {
    const out = join(folder, "graph.txt");
    expect(await shown({ out })).toBe("");
    expect(readFileSync(out, "utf8")).toBe(await shown({}));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
