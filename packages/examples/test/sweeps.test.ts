// The example sweeps are documents that can be run: every trial of them is checked.
import { planSweep, readSweep } from "@latchgrad/optim";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../sweeps/", import.meta.url);
const read = (url: URL): unknown => JSON.parse(readFileSync(url, "utf8")) as unknown;

test.each(readdirSync(folder))("%s has trials, each with an id of its own", async (file) => {
  const url = new URL(file, folder);
  const sweep = readSweep(read(url));
  const trials = await planSweep(sweep, read(new URL(sweep.model, url)));
  expect(trials.length).toBeGreaterThan(1);
  expect(new Set(trials.map(({ id }) => id)).size).toBe(trials.length);
});
