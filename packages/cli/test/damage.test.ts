// Folders that were damaged, disks that are full, folders that may not be written: an error or the same bits, nothing else.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type RunOptions, type TestCommand } from "./command";

let command: TestCommand;
/** Folder of a finished run with checkpoints at steps 4, 8 and 12; every test has a copy. */
const RUN = "finished";
const training = { ...tinyDocument.training, steps: 12, evaluate: { every: 4, batches: 1 }, checkpoints: { every: 4 } };
beforeAll(async () => {
  command = await bundleCommand();
  const file = command.file("run.json", JSON.stringify({ ...tinyDocument, training }));
  expect(await command.run(["train", "--no-report", file, "--out", RUN, "--tensorboard"])).toMatchObject({ code: 0 });
});
afterAll(() => {
  command.remove();
});

const inFolder = (...names: readonly string[]): string => join(command.folder, ...names);
function copyOfRun(name: string): string {
  cpSync(inFolder(RUN), inFolder(name), { recursive: true });
  return inFolder(name);
}
const checkpoint = (folder: string, step: number): string =>
  join(folder, "checkpoints", `step-${String(step).padStart(9, "0")}`);

const LOGS = ["metrics.jsonl", "metrics.csv", "evaluations.csv"];
/** The bytes of all files in a folder and below, by path, but for those that tell the time. */
function bytesOf(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths
      .filter((path) => !/environment\.json|timing\.jsonl|tfevents|report\.html/.test(path))
      .sort()
      .map((path) => [path.slice(folder.length), readFileSync(path).toString("latin1")]),
  );
}
const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at] ^= 1;
  writeFileSync(path, bytes);
};

describe("a damaged checkpoint", () => {
  test("is passed over: the run goes on from the one before it, to the same bytes", async () => {
    for (const name of readdirSync(checkpoint(inFolder(RUN), 12))) {
      const folder = copyOfRun(`flipped-${name}`);
      flip(join(checkpoint(folder, 12), name), 40);
      const { code, out } = await command.run(["train", "--no-report", folder, "--resume"]);
      expect({ name, code, from: /going on after step (\d+)/.exec(out)?.[1] }).toEqual({ name, code: 0, from: "8" });
      expect(out).toContain("passing over the checkpoint of step 12: ");
      expect(bytesOf(folder)).toEqual(bytesOf(inFolder(RUN)));
    }
  });

  test("stops a run that has no other, and nothing is thrown away", async () => {
    const folder = copyOfRun("all-damaged");
    for (const step of [4, 8, 12]) truncateSync(join(checkpoint(folder, step), "weights.safetensors"), 100);
    const before = bytesOf(folder);
    const { code, error } = await command.run(["train", "--no-report", folder, "--resume"]);
    expect(code).toBe(1);
    expect(error).toContain("CheckpointError");
    expect(error.match(/\[checkpoint\.damaged\]/g)).toHaveLength(3);
    expect(bytesOf(folder)).toEqual(before);
  });

  test("a document that was changed since does not make it another run", async () => {
    const folder = copyOfRun("changed-document");
    const path = join(folder, "model.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"units": 3', '"units": 4'));
    const { code, error } = await command.run([
      "train",
      "--no-report",
      join(folder, "model.json"),
      "--out",
      folder,
      "--resume",
    ]);
    expect(code).toBe(1);
    expect(error).toContain("[checkpoint.other-run]");
    expect(error).toContain("at       /layers/0/cell/units\n  expected 3\n  received 4");
    expect(await command.run(["train", "--no-report", folder, "--resume"])).toMatchObject({ code: 0 });
    expect(bytesOf(folder)).toEqual(bytesOf(inFolder(RUN)));
  });
});

describe("leftovers", () => {
  test("of every kind never block and are never loaded, and those of the command go", async () => {
    const folder = copyOfRun("leftovers");
    const draft = join(folder, "checkpoints", ".draft-step-000000016");
    cpSync(checkpoint(folder, 12), draft, { recursive: true });
    rmSync(join(draft, "SHA256SUMS"));
    cpSync(checkpoint(folder, 4), join(folder, "checkpoints", ".draft-removed-step-000000001"), { recursive: true });
    mkdirSync(join(folder, "checkpoints", "step-12"));
    writeFileSync(join(folder, "checkpoints", "notes.txt"), "mine");
    // Of a process that ended when the machine did, and whose number somebody else has now.
    const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 12);
    writeFileSync(join(folder, `run-1-5-aaaaaaaaaaaa-${machine}-cccccccccccc.lock`), "");
    writeFileSync(join(folder, `model.safetensors.1-5-aaaaaaaaaaaa-${machine}.tmp`), "half");
    const { code, error } = await command.run([
      "train",
      "--no-report",
      folder,
      "--resume",
      "--set",
      "training.steps=14",
    ]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual([
      "notes.txt",
      "step-000000008",
      "step-000000012",
      "step-000000014",
      "step-12",
    ]);
    expect(readdirSync(folder).filter((name) => /\.(lock|tmp)$/.test(name))).toEqual([]);
  });

  test("in the log, after the checkpoint, are cut off", async () => {
    const folder = copyOfRun("long-log");
    for (const name of LOGS) writeFileSync(join(folder, name), "torn li", { flag: "a" });
    expect(await command.run(["train", "--no-report", folder, "--resume"])).toMatchObject({ code: 0, error: "" });
    expect(bytesOf(folder)).toEqual(bytesOf(inFolder(RUN)));
  });

  test("a log that is too short is told of, and the model is the same", async () => {
    const folder = copyOfRun("short-log");
    truncateSync(join(folder, "metrics.csv"), 30);
    const { code, out } = await command.run(["train", "--no-report", folder, "--resume"]);
    expect(code).toBe(0);
    expect(out).toMatch(/metrics\.csv has 30 of \d+ bytes/);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(readFileSync(inFolder(RUN, "model.safetensors")));
  });
});

describe("a disk that takes no more", () => {
  /** Refuses to let any file grow beyond some KiB, as a quota does. */
  const limited = (kib: number): readonly [string, ...string[]] => [
    "bash",
    "-c",
    `trap "" XFSZ; ulimit -f ${kib}; exec "$@"`,
    "limited",
  ];
  /** Its weights take more than 12 KiB, its log less. */
  const wide = {
    ...tinyDocument,
    layers: [
      { name: "memory", type: "recurrent", cell: { type: "lstm", units: 28 }, output: "last" },
      { name: "sum", type: "dense", units: 1 },
    ],
    training: { ...training, steps: 8 },
  };

  test("is an error while a checkpoint is written, and what was there stays; with room again the run ends with the same bytes", async () => {
    const file = command.file("wide.json", JSON.stringify(wide));
    await command.run(["train", "--no-report", file, "--out", "roomy", "--set", "training.steps=4"]);
    await command.run(["train", "--no-report", "roomy", "--resume", "--set", "training.steps=8"]);
    await command.run(["train", "--no-report", file, "--out", "full", "--set", "training.steps=4"]);
    const before = bytesOf(checkpoint(inFolder("full"), 4));
    const { code, error } = await command.run(["train", "--no-report", file, "--out", "full", "--resume"], {
      through: limited(12),
    });
    expect(code).toBe(1);
    expect(error).toContain("CheckpointError");
    expect(error).toContain("[checkpoint.write] a checkpoint can be written");
    expect(error).toContain("received files may not be so large here");
    expect(error).not.toContain("    at ");
    expect(readdirSync(inFolder("full", "checkpoints"))).toEqual(["step-000000000", "step-000000004"]);
    expect(bytesOf(checkpoint(inFolder("full"), 4))).toEqual(before);
    expect(readdirSync(inFolder("full")).filter((name) => /\.(lock|tmp)$/.test(name))).toEqual([]);

    expect(await command.run(["train", "--no-report", file, "--out", "full", "--resume"])).toMatchObject({
      code: 0,
      error: "",
    });
    expect(bytesOf(inFolder("full"))).toEqual(bytesOf(inFolder("roomy")));
  });

  /**
   * Gives the command a disk of its own at `disk`, of some KiB, and afterwards copies to `kept` what it left there. The
   * disk is there for this process only, which needs no rights where the kernel lets users have their own mounts.
   */
  const OWN_MOUNTS = ["--user", "--map-root-user", "--mount"];
  const onDisk = (kib: number, disk: string, kept: string): readonly [string, ...string[]] => {
    const script = [
      `mkdir ${disk} ${kept} && mount -t tmpfs -o size=${kib}k none ${disk} || exit 99`,
      `"$@"; code=$?; cp -a ${disk}/. ${kept}; exit $code`,
    ];
    return ["unshare", ...OWN_MOUNTS, "bash", "-c", script.join("\n"), "disk"];
  };
  const canMount = spawnSync("unshare", [...OWN_MOUNTS, "mount", "-t", "tmpfs", "none", tmpdir()]).status === 0;

  test.runIf(canMount)(
    "is an error wherever the run is when it is full, and with room again the run ends with the same bytes",
    async () => {
      const file = command.file("filling.json", JSON.stringify(wide));
      await command.run(["train", "--no-report", file, "--out", "whole"]);
      const reached = new Set<string>();
      for (const kib of [4, 48, 104, 160, 200]) {
        const kept = `kept-${kib}`;
        const through = onDisk(kib, `disk-${kib}`, kept);
        const { code, error } = await command.run(["train", "--no-report", file, "--out", `disk-${kib}/run`], {
          through,
        });
        expect({ kib, code }).toEqual({ kib, code: 1 });
        expect(error).toMatch(/^(File|Checkpoint)Error/);
        expect(error).toContain("received the disk is full");
        expect(error).not.toContain("    at ");
        const left = inFolder(kept, "run");
        reached.add(
          existsSync(join(left, "checkpoints")) ? (readdirSync(join(left, "checkpoints")).at(-1) ?? "none") : "nothing",
        );
        expect(await command.run(["train", "--no-report", file, "--out", left, "--resume"])).toMatchObject({
          code: 0,
          error: "",
        });
        expect(bytesOf(left)).toEqual(bytesOf(inFolder("whole")));
      }
      expect([...reached].sort()).toEqual(["none", "nothing", "step-000000000", "step-000000004", "step-000000008"]);
    },
  );

  test("is an error while the log is written, and no line is torn after going on", async () => {
    const document = { ...tinyDocument, training: { ...training, steps: 40 } };
    const file = command.file("logged.json", JSON.stringify(document));
    await command.run(["train", "--no-report", file, "--out", "log-roomy"]);
    const { code, error } = await command.run(["train", "--no-report", file, "--out", "log-full"], {
      through: limited(4),
    });
    expect({ code, is: error.split("\n")[0].split(" ")[0] }).toEqual({ code: 1, is: "FileError" });
    expect(await command.run(["train", "--no-report", file, "--out", "log-full", "--resume"])).toMatchObject({
      code: 0,
      error: "",
    });
    expect(bytesOf(inFolder("log-full"))).toEqual(bytesOf(inFolder("log-roomy")));
  });
});

describe("a folder that may not be written", () => {
  /** Permissions mean nothing to root, but for one without the capability to pass over them. */
  const obeying: RunOptions =
    process.getuid?.() === 0 ? { through: ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] } : {};

  test("is an error before any training", async () => {
    const folder = copyOfRun("read-only");
    chmodSync(folder, 0o555);
    const { code, out, error } = await command.run(["train", "--no-report", folder, "--resume"], obeying);
    chmodSync(folder, 0o755);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain("FileError\n[file.write]");
    expect(error).toContain("received permission is denied");
  });

  test("is an error when only the checkpoints are, and they stay as they were", async () => {
    const folder = copyOfRun("read-only-checkpoints");
    chmodSync(join(folder, "checkpoints"), 0o555);
    const before = bytesOf(join(folder, "checkpoints"));
    const more = await command.run(["train", "--no-report", folder, "--resume", "--set", "training.steps=16"], obeying);
    chmodSync(join(folder, "checkpoints"), 0o755);
    expect(more.code).toBe(1);
    expect(more.error).toContain("CheckpointError");
    expect(more.error).toContain("[checkpoint.write] a checkpoint can be written");
    expect(more.error).toContain("received permission is denied");
    expect(bytesOf(join(folder, "checkpoints"))).toEqual(before);
  });
});

test("neither a clock that jumps nor the times of files change anything", async () => {
  const file = inFolder("run.json");
  /** Date gives a time somewhere between 1970 and 2100, another one each time. */
  const jumping = "Date.now = () => (Date.now.n = ((Date.now.n ?? 1) * 48271) % 2147483647) * 1914;";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(jumping)}` };
  const steps = "training.steps=5";
  await command.run(["train", "--no-report", file, "--out", "jumping", "--set", steps], { env });
  await command.run(["train", "--no-report", "jumping", "--resume", "--set", "training.steps=12"], { env });
  expect(bytesOf(inFolder("jumping")).get("/model.safetensors")).toEqual(
    bytesOf(inFolder(RUN)).get("/model.safetensors"),
  );

  const folder = copyOfRun("old-times");
  [4, 8, 12].forEach((step, i) => {
    utimesSync(checkpoint(folder, step), 2e9 - i * 1e8, 2e9 - i * 1e8);
  });
  const { out } = await command.run(["train", "--no-report", folder, "--resume"]);
  expect(out).toContain("going on after step 12");
  expect(existsSync(checkpoint(folder, 12))).toBe(true);
});
