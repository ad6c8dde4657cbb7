/** The first step in new pages, in new workers of new pages, and in new processes of Node, by turns. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { DERIVATION_AND_COMPILATION, LOADING, type Parts } from "../first-steps.ts";
import { median } from "../measure.ts";
import type { Sizes } from "../workload.ts";
import type { FirstRequest, FirstStep } from "./page.ts";
import type { FirstSteps } from "./results.ts";
import { firstStepOf } from "./tab.ts";

export const IN_NODE = "Node";

const PLACES = (["worker", "page"] as const).flatMap((where) => [1, 2].map((threads) => ({ where, threads })));

function inNode(sizes: Sizes): Parts {
  // Beside this bundle.
  const script = fileURLToPath(new URL("browser-node.js", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, JSON.stringify(sizes)], { encoding: "utf8" })) as Parts;
}

export async function measureFirstSteps(
  browser: Browser,
  url: string,
  { sizes, pages }: { readonly sizes: Sizes; readonly pages: number },
): Promise<readonly FirstSteps[]> {
  const nodes: Parts[] = [];
  const steps = PLACES.map((): FirstStep[] => []);
  for (let page = 0; page < pages; page++) {
    nodes.push(inNode(sizes));
    for (const [i, place] of PLACES.entries())
      steps[i].push(await firstStepOf(browser, url, { ...place, sizes } satisfies FirstRequest));
  }
  const partOf = (parts: readonly Parts[], name: string): number => median(parts.map((each) => each[name]));
  const common = (parts: readonly Parts[]): Pick<FirstSteps, "pages" | "loading" | "compilation"> => ({
    pages,
    loading: partOf(parts, LOADING),
    compilation: partOf(parts, DERIVATION_AND_COMPILATION),
  });
  return [
    { where: IN_NODE, threads: 1, ...common(nodes) },
    ...PLACES.map(({ where, threads }, i) => ({
      where,
      threads,
      ...common(steps[i].map(({ parts }) => parts)),
      sinceNavigation: median(steps[i].map(({ sinceNavigation }) => sinceNavigation)),
      longestBlock: median(steps[i].map(({ longestBlock }) => longestBlock)),
    })),
  ];
}
