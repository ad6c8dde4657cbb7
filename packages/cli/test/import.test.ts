// `latchgrad import` and `latchgrad weights` as a user runs them.
import type { TensorData } from "@latchgrad/core";
import { decodeSafetensors, encodeSafetensors } from "@latchgrad/layers";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type TestCommand } from "./command";

let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
});
afterAll(() => {
  command.remove();
});

/** Numbers that count up: 0, 1, 2, ... */
const counting = (...dims: readonly number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

/** What PyTorch saves of nn.LSTM(2, 3) and nn.Linear(3, 1). */
const torch = {
  "encoder.rnn.weight_ih_l0": counting(12, 2),
  "encoder.rnn.weight_hh_l0": counting(12, 3),
  "encoder.rnn.bias_ih_l0": counting(12),
  "encoder.rnn.bias_hh_l0": counting(12),
  "sum.weight": counting(1, 3),
  "other.weight": counting(1),
};
const args = (source: string, out: string, ...more: readonly string[]): readonly string[] => {
  const model = command.file("import.json", JSON.stringify(tinyDocument));
  return ["import", source, "--model", model, "--mapping", "pytorch", "--out", out, ...more];
};
const sourceFile = (): string => command.file("torch.safetensors", encodeSafetensors(torch));
const files = (folder: string): readonly string[] => readdirSync(join(command.folder, folder)).sort();

describe("import", () => {
  test("makes a model folder, and says what was zero and what was not read", async () => {
    const result = await command.run(args(sourceFile(), "imported", "--layer", "memory=encoder.rnn"));
    expect(result).toMatchObject({ code: 0, error: "" });
    expect(result.out).toBe(
      [
        "tiny adding: 14 weights with 76 numbers imported",
        "zero, because the source does without them: sum.b",
        "not read, because they are at the place of no layer: other.weight",
        "the model is in imported/: model.json, model.safetensors",
        "",
      ].join("\n"),
    );
    expect(files("imported")).toEqual(["SHA256SUMS", "model.json", "model.safetensors"]);
    const weights = decodeSafetensors(readFileSync(join(command.folder, "imported/model.safetensors")));
    // Rows 3 to 5 of PyTorch's matrix are those of the forget gate.
    expect(weights["memory.Wf"]).toEqual({ dtype: "f32", dims: [2, 3], data: Float32Array.of(6, 8, 10, 7, 9, 11) });
    expect(weights["memory.bo"].data).toEqual(Float32Array.of(18, 20, 22));
    expect((await command.run(["describe", "imported/model.json"])).code).toBe(0);
  });

  test("takes a mapping from a file, which may extend one that is known", async () => {
    const mapping = command.file(
      "mapping.json",
      JSON.stringify({ format: 1, extends: "pytorch", layers: { memory: "encoder.rnn" }, ignore: [] }),
    );
    const { code, error } = await command.run([...args(sourceFile(), "by-file"), "--mapping", mapping]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
  });

  test("that fails says in which file, and leaves nothing", async () => {
    const failing = async (text: string, ...given: readonly string[]): Promise<void> => {
      const { code, out, error } = await command.run(given);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(error).toContain(text);
      expect(error).not.toMatch(/^\s+at .*\.js:/m);
      expect(existsSync(join(command.folder, "failed"))).toBe(false);
    };
    const source = sourceFile();
    const place = ["--layer", "memory=encoder.rnn"];
    await failing(`CheckpointError in ${source}\n[import.missing]`, ...args(source, "failed"));
    await failing('"layers": {"memory": "encoder.rnn"}', ...args(source, "failed"));
    const cut = command.file("cut.safetensors", encodeSafetensors(torch).subarray(0, -1));
    await failing(`CheckpointError in ${cut}\n[safetensors.end]`, ...args(cut, "failed", ...place));
    const mapping = command.file("wrong.json", '{"format": 1, "rulse": []}');
    await failing(`ConfigError in ${mapping}\n[config.unknown-key]`, ...args(source, "failed", "-p", mapping));
    await failing("FileError\n[file.read]", ...args("missing.safetensors", "failed", ...place));
    const model = command.file("wrong-model.json", '{"format": 1}');
    await failing(`ConfigError in ${model}\n`, ...args(source, "failed", "--model", model));
  });

  test("that is typed wrongly ends with code 2", async () => {
    const { code, error } = await command.run(args(sourceFile(), "failed", "--layer", "memory"));
    expect(code).toBe(2);
    expect(error).toContain('"layer=place"');
    expect((await command.run(["import", "x.safetensors"])).error).toContain("--model");
  });
});

describe("weights", () => {
  test("shows the tensors in a file", async () => {
    const { code, out } = await command.run(["weights", sourceFile()]);
    expect(code).toBe(0);
    expect(out).toContain("encoder.rnn.weight_hh_l0  F32[12,3]\n");
    expect(out).toContain("6 tensors of 352 bytes\n");
  });

  test("checks a model folder, and shows its weights", async () => {
    await command.run(args(sourceFile(), "folder", "--layer", "memory=encoder.rnn"));
    const { code, out } = await command.run(["weights", "folder"]);
    expect(code).toBe(0);
    expect(out).toContain("tiny adding: 14 weights with 76 numbers, as the document wants them\n");
    expect(out).toMatch(/^memory\.Wf {2}f32\[2,3\] +6\.00 +11\.0$/m);
    const weights = decodeSafetensors(readFileSync(join(command.folder, "folder/model.safetensors")));
    const { "memory.Wf": Wf, ...rest } = weights;
    command.file("folder/model.safetensors", encodeSafetensors({ ...rest, "memory.wf": Wf }));
    const changed = await command.run(["weights", "folder"]);
    expect(changed).toMatchObject({ code: 1, out: "" });
    expect(changed.error).toContain("received the checksum of model.safetensors does not match");
    rmSync(join(command.folder, "folder/SHA256SUMS"));
    const broken = await command.run(["weights", "folder"]);
    expect(broken).toMatchObject({ code: 1, out: "" });
    expect(broken.error).toContain("CheckpointError in folder\n[weights.missing]");
    expect(broken.error).toContain('did you mean "memory.Wf"?');
    command.file(
      "folder/model.safetensors",
      encodeSafetensors({ ...rest, "memory.Wf": { ...Wf, data: Wf.data.map(() => NaN) } }),
    );
    expect((await command.run(["weights", "folder"])).out).toContain("not finite: memory.Wf\n");
  });
});
