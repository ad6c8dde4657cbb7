/** What both benches do with their arguments: measure, or only print; write the latest results, and the published ones with their page. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Files {
  /** In the folder of results. */
  readonly latest: string;
  readonly published: string;
  /** Beside it. */
  readonly page: string;
}

/** `measure` gives undefined where there is nothing to measure with, and has said why. */
export async function runBench<R>(
  files: Files,
  measure: (quick: boolean) => Promise<R | undefined>,
  print: (results: R) => string,
): Promise<void> {
  const { values: options } = parseArgs({
    options: { quick: { type: "boolean" }, publish: { type: "boolean" }, report: { type: "boolean" } },
  });
  // The bundle is one folder deeper than the package.
  const folder = new URL("../", import.meta.url);
  const results = new URL("results/", folder);
  const published = new URL(files.published, results);
  const page = new URL(files.page, folder);
  if (options.report === true) {
    writeFileSync(page, print(JSON.parse(readFileSync(published, "utf8")) as R));
    return;
  }
  const measured = await measure(options.quick === true);
  if (measured === undefined) return;
  const text = `${JSON.stringify(measured, null, 2)}\n`;
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(files.latest, results), text);
  console.log(print(measured));
  if (options.publish !== true) return;
  writeFileSync(published, text);
  writeFileSync(page, print(measured));
}
