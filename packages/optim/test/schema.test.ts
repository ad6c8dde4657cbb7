import { expect, test } from "vitest";
import { experimentJsonSchema } from "../src/experiment.js";
import { optimizers } from "../src/optimizers/registry.js";
import { schedules } from "../src/schedules/registry.js";
import { tasks } from "../src/tasks/registry.js";

const text = `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;

test("the published JSON Schema is up to date (vitest -u writes it)", async () => {
  await expect(text).toMatchFileSnapshot("../schema/experiment-1.json");
});

test("the JSON Schema knows every registered name", () => {
  for (const name of [optimizers, schedules, tasks].flatMap((registry) => Object.keys(registry)))
    expect(text).toContain(`"const": "${name}"`);
});
