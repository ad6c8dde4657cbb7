// How packages are built: each function of a bundle is compiled when the bundle is loaded, and does what it did.
import { parse } from "acorn";
import type { Node, Program } from "estree";
import { walk } from "estree-walker";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { compiledAtLoading } from "../compiled-at-loading";
import { root } from "../scripts/lib/packages.mjs";

const folder = mkdtempSync(join(tmpdir(), "latchgrad-loading-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Functions of every kind, called before and after their text, with names, parameters of every kind, and values of their own. */
const SOURCE = `
import { join } from "node:path";
export const before = early(2) + early.name;
function early(x) { return inner(x) * 2; function inner(y) { return y + later; } }
var later = 3;
const arrow = (x, { y = () => x } = {}) => ({ x, y: y() });
const object = { method(x) { return x; }, get value() { return 7; }, set value(x) { later = x; }, plain: function () { return this.value; }, async wait() { return 1; }, *[Symbol.iterator]() { yield 1; yield 2; } };
class Counter { #n = 0; constructor(n) { this.#n = n; } static of(n) { return new Counter(n); } get n() { return this.#n; } add = (k) => { this.#n += k; return this; }; }
async function wait(x) { const { resolve } = Promise; return resolve.call(Promise, x + 1); }
function* count(n) { for (let i = 0; i < n; i++) yield i; }
function factorial(n) { return n < 2 ? 1 : n * factorial(n - 1); }
function nested(n) { if (n > 0) { return twice(n); function twice(m) { return 2 * m; } } return (function () { return arguments.length; })(1, 2, 3); }
export default function (x) { return x; }
export const after = [early(1), arrow(1), arrow(1, { y: () => 5 }), object.method(3), object.value, object.plain(), [...object], await object.wait(),
  Counter.of(2).add(3).n, await wait(4), [...count(3)], factorial(5), nested(4), nested(0), typeof join, early.length, arrow.name, [3, 1, 2].sort((a, b) => a - b)];
`;

async function run(name: string, code: string): Promise<unknown> {
  const path = join(folder, name);
  writeFileSync(path, code);
  const { before, after } = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Record<string, unknown>;
  return { before, after };
}

test("functions do what they did, wherever they are called from", async () => {
  const { code } = compiledAtLoading(SOURCE);
  expect(code).not.toBe(SOURCE);
  const expected = await run("as-written.mjs", SOURCE);
  expect(expected).toMatchObject({ before: "NaNearly" });
  expect(await run("in-parentheses.mjs", code)).toEqual(expected);
});

test("every function but methods and a default export stands in parentheses", () => {
  const { code } = compiledAtLoading(SOURCE);
  const bare: string[] = [];
  walk(parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Program, {
    enter(found, parent) {
      const node = found as Node & { start: number; end: number };
      if (!/Function/.test(node.type) || code[node.start - 1] === "(") return;
      if (parent?.type === "MethodDefinition" || (parent?.type === "Property" && node.type === "FunctionExpression"))
        return;
      bare.push(code.slice(node.start, node.end));
    },
  });
  expect(bare).toEqual(["function (x) { return x; }"]);
});

test("the map leads to the sources", () => {
  const bundle = "function first() {\n  return 1;\n}\nconst second = () => unknown;\n";
  // The bundle's lines are those of the source, one further down.
  const map = { version: 3 as const, names: [], sources: ["source.ts"], mappings: "AACA;AACA;AACA;AACA" };
  const result = compiledAtLoading(bundle, map);
  const lines = result.code.split("\n");
  const line = lines.findIndex((text) => text.includes("unknown"));
  const traced = new SourceMap(result.map as unknown as SourceMapPayload);
  expect(traced.payload.sources).toEqual(["source.ts"]);
  // Counted from 0.
  expect(traced.findEntry(line, lines[line].indexOf("unknown"))).toMatchObject({
    originalSource: "source.ts",
    originalLine: 4,
  });
});

test("V8 has compiled the functions of a built package before they are called", () => {
  const tiersOf = (body: string): unknown => {
    const path = join(folder, "tiers.mjs");
    writeFileSync(path, body);
    return JSON.parse(
      execFileSync(process.execPath, ["--allow-natives-syntax", path], { encoding: "utf8" }),
    ) as unknown;
  };
  const core = pathToFileURL(join(root, "packages/core/dist/index.js")).href;
  // Without bytecode a function has no tier yet. V8 of Node 20 does so with arrows in parentheses as well.
  const probe = "console.log(JSON.stringify(functions.map(([name, f]) => [name, %ActiveTierIsIgnition(f)])));";
  expect(tiersOf(`const functions = [["bare", function () {}]]; ${probe}`)).toEqual([["bare", false]]);
  const exported = tiersOf(`import * as core from ${JSON.stringify(core)};
    const isClass = (f) => f.prototype instanceof Error;
    const functions = Object.entries(core).filter(([, f]) => typeof f === "function" && Object.hasOwn(f, "prototype") && !isClass(f)); ${probe}`);
  expect(exported).toContainEqual(["gradient", true]);
  expect(exported).not.toContainEqual([expect.any(String), false]);
});
