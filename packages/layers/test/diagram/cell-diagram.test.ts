// Every cell of the library has a picture: all that flows in it is drawn, and nothing lies on anything else.
import { describe, expect, test } from "vitest";
import { cellFlow } from "../../src/diagram/cell-diagram";
import { layoutOf } from "../../src/diagram/drawing";
import { placementOf } from "../../src/diagram/placement";
import { writeSvg } from "../../src/diagram/svg";
import { cellDiagram, cellDocumentSchema, libraryDocuments } from "../../src/index";

const names = Object.keys(libraryDocuments);

/** A flow as text: what each box and circle does, its name, and what it reads. */
const described = (type: string): readonly string[] =>
  cellFlow(type).map(
    ({ label, name, reads }) => `${label}${name === undefined ? "" : ` ${name}`} <- ${reads.join(" ")}`,
  );

describe("the data flow", () => {
  test("of an LSTM is that of the textbook", () => {
    expect(described("lstm")).toEqual([
      ..."x,h,c,t".split(",").map((end) => `${end} <- `),
      "sigmoid f <- 0 1",
      "sigmoid i <- 0 1",
      "tanh g <- 0 1",
      "sigmoid o <- 0 1",
      "× <- 4 2",
      "× <- 5 6",
      "+ c' <- 8 9",
      "tanh <- 10",
      "× h' <- 7 11",
      "h' <- 12",
      "c' <- 10",
      "output <- 12",
    ]);
  });

  test("has a box for a call, however many nodes it is", () => {
    expect(described("attentionDecoder")).toContain("softmax weights <- 4");
    expect(described("neuralTuringMachine").filter((each) => each.startsWith("similarity"))).toHaveLength(2);
  });
});

describe("an LSTM's picture", () => {
  const { flow, columns, rows } = placementOf(cellFlow("lstm"));
  const placed = (name: string): { readonly column: number; readonly row: number } => {
    const id = flow.findIndex((vertex) => vertex.name === name || vertex.label === name);
    return { column: columns[id], row: rows[id] };
  };

  test("has its gates from left to right in one row", () => {
    const gates = ["f", "i", "g", "o"].map(placed);
    expect(new Set(gates.map(({ row }) => row)).size).toBe(1);
    const places = gates.map(({ column }) => column);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  test("has the cell along the top, the state along the bottom, and the input below", () => {
    expect(placed("c").row).toBe(placed("c'").row);
    expect(placed("c").row).toBeLessThan(placed("g").row);
    expect(placed("h").row).toBeGreaterThan(placed("g").row);
    expect(placed("x").row).toBeGreaterThan(placed("h").row);
  });
});

describe.each(names)("%s", (name) => {
  test("is drawn: every line finds its way, nothing overlaps, and the text is well-formed", () => {
    const layout = layoutOf(placementOf(cellFlow(name)), name);
    const { routing, vertices } = layout;
    expect(routing.failed).toEqual([]);
    vertices.forEach((a, i) => {
      for (const b of vertices.slice(i + 1)) {
        const isApart =
          Math.abs(a.at.x - b.at.x) >= a.halfWidth + b.halfWidth ||
          Math.abs(a.at.y - b.at.y) >= a.halfHeight + b.halfHeight;
        expect(isApart, `${a.vertex.label} and ${b.vertex.label}`).toBe(true);
      }
    });
    const svg = writeSvg(layout);
    const open = svg.match(/<[a-z]+(?=[ >])(?:[^>]*[^/])?>/g)?.length;
    expect(svg.match(/<\/[a-z]+>/g)?.length).toBe(open);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

test("a cell of a document is drawn by its names", () => {
  const own = cellDocumentSchema.parse({
    state: { h: ["units"] },
    params: { W: { shape: ["input", "units"], init: "zeros" } },
    equations: ["keep = sigmoid(x @ W)", "h' = keep * h"],
    output: "h'",
  });
  const svg = cellDiagram("mine", { mine: own });
  expect(svg).toContain(">keep<");
  expect(svg).toContain("<title>keep = sigmoid(x @ W)</title>");
});
