// Profiles of training steps: what is counted, and what is left alone. No times are asserted.
import { makeProfiler } from "@latchgrad/core";
import { expect, test } from "vitest";
import { profileTraining } from "../src/profiling.js";
import { train } from "../src/trainer.js";
import { read } from "./documents.js";

const training = { steps: 4, evaluate: { every: 1 }, diagnose: { every: 1 }, accumulate: 2 };

test("as many steps as were asked for are measured, with every batch of them, and nothing else", async () => {
  const profile = await profileTraining(read(training), { steps: 3 });
  expect(profile.runs).toBe(6);
  const places = profile.origins.map(({ origin }) => origin);
  expect(places).toEqual(expect.arrayContaining(["/layers/0/cell", "/layers/1", "/loss", "/training/optimizer"]));
  const loops = profile.rows.filter(({ within }) => within.length > 0);
  expect(loops.length).toBeGreaterThan(0);
});

test("a profiled training has the bits of one that is not, on several threads as well", async () => {
  const bits = async (options: object): Promise<unknown> => {
    for await (const event of train(read({ steps: 4 }), options)) if (event.kind === "done") return event.weights;
    return undefined;
  };
  const profiler = makeProfiler();
  const plain = await bits({});
  expect(plain).toBeDefined();
  expect(await bits({ profile: profiler })).toEqual(plain);
  expect(await bits({ profile: makeProfiler(), threads: 2 })).toEqual(plain);
  expect(profiler.read().runs).toBe(4);
});
