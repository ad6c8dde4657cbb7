import { expect, test } from "vitest";
import { experimentJsonSchema } from "../src/experiment.js";
import { optimizers } from "../src/optimizers/registry.js";
import { schedules } from "../src/schedules/registry.js";
import { distributions } from "../src/sweep/distributions.js";
import { sweepJsonSchema } from "../src/sweep/sweep-schema.js";
import { tasks } from "../src/tasks/registry.js";

const text = `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;

test("the published JSON Schema is up to date (vitest -u writes it)", async () => {
  await expect(text).toMatchFileSnapshot("../schema/experiment-1.json");
});

test("the JSON Schema knows every registered name", () => {
  for (const name of [optimizers, schedules, tasks].flatMap((registry) => Object.keys(registry)))
    expect(text).toContain(`"const": "${name}"`);
});

const sweepText = `${JSON.stringify(sweepJsonSchema(), null, 2)}\n`;

test("the published JSON Schema of sweeps is up to date (vitest -u writes it)", async () => {
  await expect(sweepText).toMatchFileSnapshot("../schema/sweep-1.json");
});

test("it knows every distribution", () => {
  for (const name of Object.keys(distributions)) expect(sweepText).toContain(`"const": "${name}"`);
});
