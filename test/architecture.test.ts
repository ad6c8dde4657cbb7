// The repository keeps its promised structure. Every rule is also shown a file that breaks it, so that none is empty.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/lib/packages.mjs";
import { brokenLinks } from "./architecture/links";
import * as rules from "./architecture/rules";
import { filesBelow, parseSource, readSource, type Source } from "./architecture/source";

const all = [...filesBelow("packages", ".ts"), ...filesBelow("test", ".ts")].map(readSource);
const sources = all.filter(({ path }) => /^packages\/[^/]+\/src\//.test(path));
const tests = all.filter((source) => !sources.includes(source));

const file = (path: string, text: string): Source => parseSource(path, text);
const core = (path: string, text: string): Source => file(`packages/core/src/${path}`, text);

/** Rule, the files it looks at, a file or two that break it, and the number of problems it must see there. */
const cases: readonly (readonly [string, rules.Rule, readonly Source[], readonly Source[], number])[] = [
  [
    "packageOrder",
    rules.packageOrder,
    sources,
    [
      file("packages/layers/src/a.ts", `import "@latchgrad/core"; import type { A } from "@latchgrad/optim";`),
      file("packages/core/src/a.ts", `export const a = () => import("@latchgrad/core");`),
    ],
    2,
  ],
  [
    "packageBorders",
    rules.packageBorders,
    sources,
    [file("packages/layers/src/a.ts", `export * from "../../core/src/index"; import "./b.js";`)],
    1,
  ],
  [
    "folderOrder",
    rules.folderOrder,
    sources,
    [
      core("index.ts", `export * from "./ops/index.js";`),
      core("ir/graph.ts", `import "../ops/op.js"; import "./attrs.js"; import "../errors/issue.js";`),
      core("ops/op.ts", `type A = import("../graph/builder.js").A; import "../index.js";`),
      core("misc/a.ts", ""),
    ],
    4,
  ],
  [
    "noNodeModules",
    rules.noNodeModules,
    sources,
    [
      core("runtime/a.ts", `import fs from "node:fs"; import "path";`),
      core("node.ts", `import "node:fs";`),
      file("packages/cli/src/a.ts", `import "node:fs";`),
    ],
    2,
  ],
  [
    "noCycles",
    rules.noCycles,
    sources,
    [
      core("ir/a.ts", `import "./b.js";`),
      core("ir/b.ts", `import type { A } from "./a";`),
      core("ir/c.ts", `import "./a";`),
    ],
    1,
  ],
  [
    "noOpNames",
    rules.noOpNames,
    sources,
    [
      core(
        "passes/a.ts",
        `if (node.op === "add") {} if ("mul" !== op.name) {} if (token.op === "+" || node.op === other.op) {}`,
      ),
      core("passes/b.ts", `switch (node.op) { case "add": break; } ["add", "mul"].includes(node.op.name);`),
      core("ops/a.ts", `if (node.op === "add") {}`),
    ],
    4,
  ],
  [
    "noSkippedTests",
    rules.noSkippedTests,
    tests,
    [
      file(
        "test/a.test.ts",
        `test.skip("a"); describe.concurrent.only("b"); test("c", { todo: true }); stream.skip(1);`,
      ),
    ],
    3,
  ],
];

describe.each(cases)("%s", (_name, rule, files, broken, count) => {
  test("holds here", () => {
    expect(rule(files)).toEqual([]);
  });

  test("sees what breaks it", () => {
    expect(rule(broken)).toHaveLength(count);
  });
});

describe("links in Markdown files", () => {
  test("lead somewhere", () => {
    const problems = filesBelow(".", ".md").flatMap((path) =>
      brokenLinks(path, readFileSync(join(root, path), "utf8")),
    );
    expect(problems).toEqual([]);
  });

  test("are noticed when they do not", () => {
    const text = [
      "# The title, with `code`",
      "[a](LICENSE) [b](#the-title-with-code) [c](https://example.com/x) `[d](none.md)` [e](none.md) [f](#none)",
      "```",
      "[g](none.md)",
      "```",
      "[h]: test/none.ts",
    ].join("\n");
    expect(brokenLinks("a.md", text)).toEqual(
      ["none.md", "#none", "test/none.ts"].map((x) => `a.md: broken link ${x}`),
    );
  });
});
