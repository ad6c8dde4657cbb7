// The parser that is committed is the one that the grammar gives. `npm run reference` writes it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GRAMMAR, PARSER, parserOf } from "../../../../scripts/lib/grammar.mjs";
import { root } from "../../../../scripts/lib/packages.mjs";

test("the generated parser is up to date", () => {
  const { js, types } = parserOf(readFileSync(join(root, GRAMMAR), "utf8"));
  const files = [
    [`${PARSER}.js`, js],
    [`${PARSER}.d.ts`, types],
  ] as const;
  for (const [path, text] of files) {
    const file = join(root, path);
    if (process.env.BLESS === "1") writeFileSync(file, text);
    expect(readFileSync(file, "utf8"), "run `npm run reference` and commit the result").toBe(text);
  }
});
