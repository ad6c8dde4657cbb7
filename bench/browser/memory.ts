/** What a page holds before, while and after executables are there, as the browser counts it. */
import type { Browser } from "playwright-core";
import type { Contender } from "../measure.ts";
import type { Sizes } from "../workload.ts";
import type { PageMemory } from "./results.ts";
import { openTab } from "./tab.ts";
import type { Variant } from "./variants.ts";

const VARIANT_OF_THREADS: Readonly<Record<number, Variant>> = { 1: "fast", 2: "fast, 2 threads" };

/** Empty where the browser does not count. */
export async function measureMemory(
  browser: Browser,
  url: string,
  { sizes, rounds }: { readonly sizes: Sizes; readonly rounds: number },
): Promise<readonly PageMemory[]> {
  const measured: PageMemory[] = [];
  for (const [threads, variant] of Object.entries(VARIANT_OF_THREADS)) {
    const tab = await openTab(browser, url, "isolated");
    const bytes = async (): Promise<number> => (await tab.bytes()) ?? NaN;
    const contender = (): Contender => tab.contender(variant, "page", variant, sizes);
    // The script itself, and what is made once, are not what an executable holds.
    const once = async (whileRunning: () => Promise<void> = async () => Promise.resolve()): Promise<void> => {
      const made = contender();
      await made.start();
      await whileRunning();
      await made.stop();
    };
    await once();
    const before = await bytes();
    let running = NaN;
    await once(async () => {
      running = await bytes();
    });
    const disposed = await bytes();
    for (let round = 0; round < rounds; round++) await once();
    const afterwards = await bytes();
    measured.push({ sizes, threads: Number(threads), before, running, disposed, rounds, afterwards });
    await tab.close();
  }
  return measured.filter(({ before }) => !Number.isNaN(before));
}
