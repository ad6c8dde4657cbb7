// Checkpoints: what was saved comes back to the last bit, and nothing else ever does.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkResume,
  loadCheckpoint,
  memoryStore,
  readExperiment,
  saveCheckpoint,
  withSums,
  type Checkpoint,
  type CheckpointFiles,
  type CheckpointStore,
} from "../src/index.js";
import { checkpointsOf, doneOf, eventsOf, read, stepsOf, tinyAdding } from "./documents.js";

/** Everything that a state can have in it. */
const training = {
  steps: 12,
  accumulate: 2,
  skipNonFinite: { atMost: 3 },
  average: { decay: 0.9 },
  evaluate: { every: 3, batches: 2 },
  best: { metric: "meanAbsoluteError", patience: 100 },
  checkpoints: { every: 4 },
};
const experiment = read(training);
const weights = experiment.model.params.map(({ name }) => name);
const save = (store: CheckpointStore, checkpoint: Checkpoint, keep = 2): Promise<void> =>
  saveCheckpoint(store, checkpoint, { weights, keep });

/** The checkpoints of one run at steps 4, 8 and 12, without that of its beginning. */
let all: readonly Checkpoint[];
/** The same as files. */
let files: readonly CheckpointFiles[];
beforeAll(async () => {
  const events = await eventsOf(experiment, { checkpoints: true });
  const [, ...later] = checkpointsOf(events);
  all = later.map(({ state }) => ({
    config: experiment.config,
    precision: "fast",
    state,
    logs: { "metrics.jsonl": 100 * state.step },
  }));
  const store = memoryStore();
  for (const checkpoint of all) await save(store, checkpoint, 3);
  files = await Promise.all([4, 8, 12].map((step) => store.read(step)));
});

/** A store with the checkpoint of step 4, and one of step 8 with files of choice. */
async function storeWith(later: CheckpointFiles): Promise<CheckpointStore> {
  const store = memoryStore();
  await store.write(4, files[0]);
  await store.write(8, later);
  return store;
}

/** The step of what is loaded, and how many were passed over. */
async function loadedFrom(store: CheckpointStore): Promise<readonly (number | undefined)[]> {
  const loaded = await loadCheckpoint(store);
  return [loaded?.checkpoint.state.step, loaded?.passedOver.length];
}

describe("what was saved", () => {
  test("comes back to the last bit", async () => {
    const loaded = await loadCheckpoint(await storeWith(files[1]));
    expect(loaded).toEqual({ checkpoint: all[1], passedOver: [] });
    expect(all[1].state.best?.step).toBeGreaterThan(0);
    expect(Object.keys(all[1].state.tensors).map((name) => name.split("/")[0])).toEqual(
      expect.arrayContaining(["adam.mean", "average", "sum", "count", "step", "key", "memory.Wr"]),
    );
  });

  test("is the same bytes for the same run", async () => {
    const again = memoryStore();
    await save(again, all[1]);
    expect(await again.read(8)).toEqual(files[1]);
  });

  test("is nothing where nothing was saved", async () => {
    expect(await loadCheckpoint(memoryStore())).toBeUndefined();
  });

  test("can be checked by sha256sum too: a line per file, sorted, with two spaces", () => {
    const lines = new TextDecoder().decode(files[1]["SHA256SUMS"]).trimEnd().split("\n");
    expect(lines.map((line) => line.slice(64))).toEqual(
      ["best.safetensors", "checkpoint.json", "training.safetensors", "weights.safetensors"].map((name) => `  ${name}`),
    );
  });
});

describe("a checkpoint that is not as it was written is passed over", () => {
  const names = ["best.safetensors", "checkpoint.json", "SHA256SUMS", "training.safetensors", "weights.safetensors"];

  test.each(names)("when any bit of any byte of %s is flipped", async (name) => {
    const good = files[1][name];
    expect(good.length).toBeGreaterThan(100);
    // Every byte where there are few, else so many that no part is left out; and every bit in turn.
    for (let at = 0; at < good.length; at += 1 + 2 * Math.floor(good.length / 2500)) {
      const bytes = good.slice();
      bytes[at] ^= 1 << (at % 8);
      const store = await storeWith({ ...files[1], [name]: bytes });
      expect(await loadedFrom(store), `bit ${at % 8} of byte ${at}`).toEqual([4, 1]);
    }
  });

  test.each(names)("when %s is cut off anywhere, goes on, or is not there", async (name) => {
    const good = files[1][name];
    for (let length = 0; length < good.length; length += 1 + Math.floor(good.length / 300))
      expect(await loadedFrom(await storeWith({ ...files[1], [name]: good.slice(0, length) }))).toEqual([4, 1]);
    const longer = Uint8Array.from([...good, 10]);
    expect(await loadedFrom(await storeWith({ ...files[1], [name]: longer }))).toEqual([4, 1]);
    const { [name]: _, ...others } = files[1];
    expect(await loadedFrom(await storeWith(others))).toEqual([4, 1]);
  });

  test.each(names)("when %s is that of another checkpoint", async (name) => {
    expect(await loadedFrom(await storeWith({ ...files[1], [name]: files[0][name] }))).toEqual([4, 1]);
  });

  test("when a line of its checksums is gone together with the file", async () => {
    for (const name of names.filter((other) => other !== "SHA256SUMS")) {
      const { [name]: _, SHA256SUMS: sums, ...others } = files[1];
      const lines = new TextDecoder()
        .decode(sums)
        .split("\n")
        .filter((line) => !line.endsWith(name));
      const shorter = { ...others, SHA256SUMS: new TextEncoder().encode(lines.join("\n")) };
      expect(await loadedFrom(await storeWith(shorter)), name).toEqual([4, 1]);
    }
  });

  test("when it is a good one under the name of another step", async () => {
    expect(await loadedFrom(await storeWith(files[2]))).toEqual([4, 1]);
  });

  test("when it cannot be read", async () => {
    const store = memoryStore();
    await save(store, all[0]);
    const broken: CheckpointStore = {
      ...store,
      list: () => Promise.resolve([4, 8]),
      read: (step) => (step === 4 ? store.read(4) : Promise.resolve({})),
    };
    expect(await loadedFrom(broken)).toEqual([4, 1]);
  });

  describe("when its checksums fit, but its tensors are no such file:", () => {
    /** A file of tensors with this header, or with these bytes in front. */
    const fileOf = (header: unknown, data = new Uint8Array(8)): Uint8Array => {
      const text = new TextEncoder().encode(JSON.stringify(header));
      const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
      return Uint8Array.from([...length, ...text, ...data]);
    };
    const two = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
    test.each([
      ["nothing", new Uint8Array(), /^a file of 0 bytes, but/],
      ["a header without an end", new Uint8Array(8).fill(255), /^18446744073709551615 bytes, but a header/],
      ["a header that is a list", fileOf([]), /^"\[", but the header/],
      ["a header that is no JSON", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 123, 44), /^",", but the header/],
      ["an element type of nobody", fileOf({ w: { ...two, dtype: "F5" } }), /^"F5", but the element type/],
      ["a size below zero", fileOf({ w: { ...two, shape: [-2] } }), /^"-", but the header/],
      ["more elements than bytes", fileOf({ w: { ...two, shape: [2, 2] } }), /^8 bytes, but the elements/],
      ["bytes behind the end", fileOf({ w: { ...two, data_offsets: [4, 12] } }), /^\[4,12\], but tensors lie/],
      ["an end before the start", fileOf({ w: { ...two, data_offsets: [8, 0] } }), /^\[8,0\], but a tensor ends/],
    ])("%s", async (_name, bytes, received) => {
      const { SHA256SUMS: _, ...others } = files[1];
      const store = await storeWith(await withSums({ ...others, "weights.safetensors": bytes }));
      const loaded = await loadCheckpoint(store);
      expect(loaded?.checkpoint.state.step).toBe(4);
      expect(loaded?.passedOver[0]?.received).toMatch(received);
    });
  });

  test("and when none is good, that is an error, never a new beginning", async () => {
    const store = memoryStore();
    for (const step of [4, 8]) await store.write(step, { "checkpoint.json": Uint8Array.of(123, 125) });
    await expect(loadCheckpoint(store)).rejects.toMatchObject({
      name: "CheckpointError",
      issues: [8, 4].map((step) => ({
        code: "checkpoint.damaged",
        at: { kind: "value", name: `checkpoint of step ${step}` },
        received: "SHA256SUMS is missing",
      })),
    });
  });

  test("files that do not belong to it do not count", async () => {
    expect(await loadedFrom(await storeWith({ ...files[1], ".DS_Store": Uint8Array.of(1) }))).toEqual([8, 0]);
  });

  test("but a later format is an error, because going back would throw its work away", async () => {
    const facts = JSON.parse(new TextDecoder().decode(files[1]["checkpoint.json"])) as object;
    const later = new TextEncoder().encode(JSON.stringify({ ...facts, format: 2, news: true }));
    const { SHA256SUMS: _, ...others } = files[1];
    const store = await storeWith(await withSums({ ...others, "checkpoint.json": later }));
    await expect(loadCheckpoint(store)).rejects.toMatchObject({
      issues: [{ code: "checkpoint.format", received: "2" }],
    });
  });
});

describe("saving", () => {
  test("keeps as many as asked for, the latest", async () => {
    const store = memoryStore();
    for (const checkpoint of all) await save(store, checkpoint, 2);
    expect(await store.list()).toEqual([8, 12]);
  });

  test("removes later ones, which are of a future that was given up", async () => {
    const store = memoryStore();
    await store.write(12, { "checkpoint.json": Uint8Array.of(1) });
    await save(store, all[0]);
    expect(await store.list()).toEqual([4]);
  });

  test("notices when other bytes are read than were written, and keeps those before", async () => {
    const store = memoryStore();
    await save(store, all[0]);
    const failing: CheckpointStore = {
      ...store,
      write(step, written) {
        const bytes = written["training.safetensors"].slice();
        bytes[bytes.length - 1] ^= 1;
        return store.write(step, { ...written, "training.safetensors": bytes });
      },
    };
    await expect(save(failing, all[1])).rejects.toMatchObject({
      name: "CheckpointError",
      issues: [{ code: "checkpoint.write", received: "the checksum of training.safetensors does not match" }],
    });
    expect(await loadedFrom(store)).toEqual([4, 0]);
  });
});

describe("going on", () => {
  /** The state of a step as it comes back from a store. */
  async function restored(checkpoint: Checkpoint): Promise<Checkpoint["state"]> {
    const store = memoryStore();
    await save(store, checkpoint);
    const loaded = await loadCheckpoint(store);
    if (loaded === undefined) throw new Error("nothing was loaded");
    return loaded.checkpoint.state;
  }

  test("from any step ends with the same bits as not stopping", async () => {
    const whole = await eventsOf(experiment);
    const single = read({ ...training, checkpoints: { every: 1 } });
    const states = checkpointsOf(await eventsOf(single, { checkpoints: true })).map(({ state }) => state);
    expect(states.map(({ step }) => step)).toEqual(Array.from({ length: 13 }, (_, step) => step));
    for (const state of states) {
      const rest = await eventsOf(experiment, { state: await restored({ ...all[0], state }) });
      expect(doneOf(rest)).toEqual(doneOf(whole));
      expect(stepsOf(rest).map(({ loss }) => loss)).toEqual(
        stepsOf(whole)
          .slice(state.step)
          .map(({ loss }) => loss),
      );
    }
  });

  test("from the end of a run that an evaluation ended does not make another step", async () => {
    const stopping = read({ steps: 50, evaluate: { every: 3 }, stopWhen: { below: 100 } });
    const events = await eventsOf(stopping, { checkpoints: true });
    const [{ state }] = checkpointsOf(events).slice(-1);
    const rest = await eventsOf(stopping, { state: await restored({ ...all[0], state }), checkpoints: true });
    expect(rest.map(({ kind }) => kind)).toEqual(["done"]);
    expect(doneOf(rest)).toEqual(doneOf(events));
  });

  const checkpoint = (): Checkpoint => all[1];
  test("is refused for another document, with every difference", () => {
    const other = read({ ...training, batch: 9, clip: undefined }, { task: { type: "adding", length: 5 } });
    try {
      checkResume(checkpoint(), other, "reproducible");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: "CheckpointError" });
      const { issues } = error as { issues: { code: string; at: { pointer: string } }[] };
      expect(issues.map(({ at }) => at.pointer).sort()).toEqual(
        ["/task/length", "/training/batch", "/training/clip", "precision"].sort(),
      );
    }
  });

  test("is allowed for more steps, another name, and checkpoints at other times", () => {
    const longer = read({ ...training, steps: 1000, checkpoints: { every: 1 } }, { name: "other" });
    expect(() => {
      checkResume(checkpoint(), longer, "fast");
    }).not.toThrow();
  });

  test("reads the config of an older version like any document, with defaults for what came later", () => {
    const { accumulate: _, checkpoints: __, ...older } = read({ steps: 12 }).config.training;
    const config = { ...read({ steps: 12 }).config, training: older };
    expect(() => {
      checkResume({ ...checkpoint(), config }, read({ steps: 12 }), "fast");
    }).not.toThrow();
  });

  test("is refused when a file that the task reads has changed", async () => {
    const text = readExperiment(
      tinyAdding(
        { steps: 2 },
        {
          task: { type: "textCharacters", files: ["a.txt"], length: 4, symbols: 4, encoding: "oneHot" },
          layers: [{ name: "next", type: "dense", units: 4 }],
          loss: { type: "softmaxCrossEntropy" },
          metrics: [],
        },
      ),
    );
    const { state } = doneOf(await eventsOf(text, { readFile: () => "abc".repeat(100) }));
    expect(Object.keys(state.files)).toEqual(["a.txt"]);
    await expect(eventsOf(text, { readFile: () => `${"abc".repeat(100)}d`, state })).rejects.toMatchObject({
      name: "CheckpointError",
      issues: [{ code: "checkpoint.data", at: { name: "file a.txt" } }],
    });
  });
});

describe("formats of the past", () => {
  /** Made by the version that first wrote format 1; never to be made again. */
  const folder = fileURLToPath(new URL("./fixtures/checkpoint-1", import.meta.url));
  const old = (): CheckpointFiles =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, Uint8Array.from(readFileSync(`${folder}/${name}`))]));

  test("format 1 is read, and a run goes on from it", async () => {
    const store = memoryStore();
    await store.write(4, old());
    const loaded = await loadCheckpoint(store);
    const { config, state, precision, logs } = loaded?.checkpoint ?? expect.unreachable();
    expect([state.step, precision, logs]).toEqual([4, "reproducible", { "metrics.jsonl": 400 }]);
    expect(state.tensors["step"]).toEqual({ dtype: "i32", dims: [], data: Int32Array.of(4) });
    expect(state.best?.step).toBe(3);
    const done = doneOf(await eventsOf(readExperiment(config), { state, precision }));
    expect([done.step, done.reason]).toEqual([12, "steps"]);
    expect(done.evaluation?.loss).toBeLessThan(10);
  });
});
