// `--set path=value`: what it changes, and what it refuses.
import { describe, expect, test } from "vitest";
import { withSettings } from "../src/settings";

const document = {
  name: "adding",
  layers: [{ name: "memory", cell: { units: 8 } }, { name: "sum" }],
  training: { steps: 10 },
};

describe("a setting", () => {
  test.each([
    ["training.steps=20", { ...document, training: { steps: 20 } }],
    ["training.seed=latch", { ...document, training: { steps: 10, seed: "latch" } }],
    ['training.seed="7"', { ...document, training: { steps: 10, seed: "7" } }],
    ["training.evaluate.every=5", { ...document, training: { steps: 10, evaluate: { every: 5 } } }],
    ['training.clip={"value":1}', { ...document, training: { steps: 10, clip: { value: 1 } } }],
    ["name=a=b", { ...document, name: "a=b" }],
    ["layers.memory.cell.units=3", { ...document, layers: [{ name: "memory", cell: { units: 3 } }, { name: "sum" }] }],
    ["layers.1.units=3", { ...document, layers: [document.layers[0], { name: "sum", units: 3 }] }],
  ])("%s", (setting, expected) => {
    const before = structuredClone(document);
    expect(withSettings(document, [setting])).toEqual(expected);
    expect(document).toEqual(before);
  });

  test("comes after those before it", () => {
    expect(withSettings(document, ["training.a=1", "training.a=2"])).toMatchObject({ training: { a: 2 } });
  });

  test("cannot reach what every object has", () => {
    const changed = withSettings(document, ["__proto__.steps=1"]) as object;
    expect(Object.hasOwn(changed, "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(changed)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "steps")).toBe(false);
  });

  test.each([
    ["training.steps", "a setting is a path, an equals sign and a value", "for example training.steps=100"],
    ["=5", "a setting is a path, an equals sign and a value", "for example training.steps=100"],
    ["training..steps=5", "a setting is a path, an equals sign and a value", "for example training.steps=100"],
    ["name.first=5", 'a path leads through objects and lists, and what is above "first" is neither', undefined],
    ["layers.memry.units=5", expect.stringContaining('"memry" is none') as string, 'did you mean "memory"?'],
    ["layers.2.units=5", expect.stringContaining('"2" is none') as string, "0 to 1, or one of: memory, sum"],
  ])("%s is refused", (setting, problem, hint) => {
    expect(() => withSettings(document, [setting])).toThrow(
      expect.objectContaining({
        name: "ConfigError",
        issues: [{ code: "config.setting", problem, at: { kind: "value", name: `--set ${setting}` }, hint }],
      }),
    );
  });
});
