// Rows of data files: what is a row, where it stands, and what is said about bad ones; against files read as a whole.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDataFile, rowsOf, type Row } from "../../src/data/data-file.js";
import { textBytes, type FileBytes } from "../../src/data/file-bytes.js";

const csv = { format: "csv", delimiter: "," } as const;

async function rowsIn(text: string | FileBytes, wanted: readonly string[], format: "csv" | "jsonLines" = "csv") {
  const bytes = typeof text === "string" ? textBytes(text) : text;
  const file = await openDataFile("data.csv", bytes, wanted, { ...csv, format }, "/task/files/0");
  const rows: Row[] = [];
  for await (const some of rowsOf(file)) rows.push(...some);
  return { file, rows };
}
const valuesIn = async (text: string, wanted: readonly string[], format?: "jsonLines") =>
  (await rowsIn(text, wanted, format)).rows.map(({ values }) => values);

describe("CSV", () => {
  test("reads quotation marks, line breaks in cells, \\r\\n, a byte order mark and blank lines", async () => {
    const text = '\uFEFFa,b\r\n1,"x, ""y""\nz"\r\n\r\n2,"q"\r\n3,w';
    expect(await valuesIn(text, ["b", "a"])).toEqual([
      ['x, "y"\nz', "1"],
      ["q", "2"],
      ["w", "3"],
    ]);
  });

  test("gives back whatever cells were written, with the bytes and lines where each row stands", async () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => text.replaceAll("\r", ""));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 30 }), async (table) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const lines = table.map(([a, b]) => `${quoted(a)},${quoted(b)}\n`);
        const text = `first,second\n${lines.join("")}`;
        const { file, rows } = await rowsIn(text, ["second", "first"]);
        // A row of blanks in one cell alone cannot be told from a blank line; here there are two cells.
        expect(rows.map(({ values }) => values)).toEqual(table.map(([a, b]) => [b, a]));
        for (const [i, row] of rows.entries()) {
          const bytes = await file.bytes.read(row.from.byte, row.to.byte);
          expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)).toBe(lines[i]);
          expect(row.from.line).toBe(2 + lines.slice(0, i).join("").split("\n").length - 1);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("reads rows across the borders of what is read at once, and any range by itself", async () => {
    const lines = Array.from({ length: 40_000 }, (_, n) => `${n},"é${n}\n"\n`);
    const { file, rows } = await rowsIn(`n,text\n${lines.join("")}`, ["n"]);
    expect(rows).toHaveLength(40_000);
    expect(rows.every(({ values }, n) => values[0] === String(n))).toBe(true);
    const range: Row[] = [];
    for await (const some of rowsOf(file, rows[12_345].from, rows[12_347].to.byte)) range.push(...some);
    expect(range.map(({ values, from }) => [values[0], from.line])).toEqual(
      [12_345, 12_346, 12_347].map((n) => [String(n), 2 + 2 * n]),
    );
  });

  test("says where a quotation mark is wrong, and goes on with the next line", async () => {
    const { rows } = await rowsIn('a,b\n1,"x"y\n2,z\n3,"open\n4,w\n', ["a"]);
    expect(rows.map(({ values, fault, from }) => [values[0], fault?.code, fault?.offset, from.line])).toEqual([
      [undefined, "data.syntax", 2, 2],
      ["2", undefined, undefined, 3],
      [undefined, "data.syntax", 2, 4],
      ["4", undefined, undefined, 5],
    ]);
  });

  test("tells rows with too few or too many cells", async () => {
    const { rows } = await rowsIn("a,b\n1\n1,2,3\n1,2\n", ["a"]);
    expect(rows.map(({ fault }) => fault?.received)).toEqual(["1", "3", undefined]);
  });

  test("refuses columns that are not there, or there twice, with the nearest name", async () => {
    await expect(rowsIn("load,load,tmp\n1,2,3\n", ["load", "temp"])).rejects.toMatchObject({
      name: "ConfigError",
      issues: [
        { code: "config.columns", received: "2 of them" },
        { code: "config.columns", received: "none", hint: 'did you mean "tmp"?' },
      ],
    });
  });

  test("names such as __proto__ are columns like any other", async () => {
    expect(await valuesIn("__proto__,constructor\n1,2\n", ["constructor", "__proto__"])).toEqual([["2", "1"]]);
  });

  test("a file without rows has none", async () => {
    for (const text of ["", "\n\n", "a\n"]) expect((await rowsIn(text, text === "a\n" ? ["a"] : [])).rows).toEqual([]);
  });

  test("bytes that are no UTF-8 are an error with their line", async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode("a\n1\n"), 0xff, 0x0a]);
    const file = {
      size: bytes.length,
      read: async (from: number, to: number) => Promise.resolve(bytes.slice(from, to)),
    };
    await expect(rowsIn(file, ["a"])).rejects.toMatchObject({
      issues: [{ code: "data.encoding", at: { name: "data.csv, line 3" } }],
    });
  });
});

describe("JSON lines", () => {
  test("reads own keys only, and skips blank lines", async () => {
    const text = '{"a": 1, "b": [1, 2]}\r\n\n{"b": null}';
    expect(await valuesIn(text, ["a", "b", "constructor"], "jsonLines")).toEqual([
      [1, [1, 2], undefined],
      [undefined, null, undefined],
    ]);
    expect(await valuesIn('{"__proto__": 3}\n', ["__proto__"], "jsonLines")).toEqual([[3]]);
  });

  test("says where a line is no JSON, or no object", async () => {
    const { rows } = await rowsIn('{"a": 1}\n{"a": NaN}\n[1]\n{"a": 2}\n', ["a"], "jsonLines");
    expect(rows.map(({ fault, from }) => [fault?.code, fault?.offset, from.line])).toEqual([
      [undefined, undefined, 1],
      ["data.syntax", 6, 2],
      ["data.syntax", 0, 3],
      [undefined, undefined, 4],
    ]);
  });
});
