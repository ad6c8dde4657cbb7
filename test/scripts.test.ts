// The scripts behind `npm test`: what they report, and that a failure is never lost.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../scripts/lib/packages.mjs";
import { run, runAll } from "../scripts/lib/run.mjs";
import { runStages } from "../scripts/lib/stages.mjs";

const ok = () => Promise.resolve({ code: 0, output: "quiet" });
const bad = () => Promise.resolve({ code: 3, output: "the reason" });

describe("stages", () => {
  const stagesOf = async (needed: boolean) => {
    let printed = "";
    const stages = [
      { name: "one", run: ok },
      { name: "two", run: bad, needed },
      { name: "three", run: ok },
    ];
    const failed = await runStages(stages, (text) => (printed += text));
    return {
      failed,
      lines: printed
        .replace(/\d+\.\d s/g, "0.0 s")
        .trimEnd()
        .split("\n"),
    };
  };

  test("print one line each, and the output of a failed one", async () => {
    const { failed, lines } = await stagesOf(false);
    expect(failed).toEqual(["two"]);
    expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
      "ok one 0.0 s",
      "FAILED two 0.0 s",
      "the reason",
      "ok three 0.0 s",
    ]);
  });

  test("end at a failed one that the others need", async () => {
    expect((await stagesOf(true)).lines).toHaveLength(3);
  });

  test("in an inner list run two at a time, and all of them before the next stage", async () => {
    let running = 0;
    const most: number[] = [];
    const order: string[] = [];
    const stage = (name: string, turns: number) => ({
      name,
      run: async () => {
        most.push(++running);
        for (let i = 0; i < turns; i++) await Promise.resolve();
        running--;
        order.push(name);
        return name === "b" ? bad() : ok();
      },
    });
    const inner = [stage("a", 90), stage("b", 10), stage("c", 20), stage("d", 30)];
    const failed = await runStages([stage("first", 1), inner, stage("last", 1)], () => {});
    expect(Math.max(...most)).toBe(2);
    expect(order[0]).toBe("first");
    expect(order.at(-1)).toBe("last");
    expect([...order].sort()).toEqual(["a", "b", "c", "d", "first", "last"]);
    expect(failed).toEqual(["b"]);
  });
});

describe("commands", () => {
  test("report exit code and both outputs", async () => {
    const program = `console.log("out"); console.error("err"); process.exitCode = 4`;
    const { code, output } = await run(process.execPath, ["--eval", program]);
    expect(code).toBe(4);
    expect(output.split("\n").sort()).toEqual(["", "err", "out"]);
  });

  test("fail when the program does not exist", async () => {
    expect((await run("no-such-program", [])).code).toBe(1);
  });

  test("in a row end at the first failure", async () => {
    expect(await runAll([ok, bad, ok])).toEqual({ code: 3, output: "quietthe reason" });
  });
});

describe("the summary of test reports", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchgrad-summary-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const report = (
    name: string,
    numPassedTests: number,
    numFailedTests: number,
    testResults: readonly unknown[],
  ): string => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ numPassedTests, numFailedTests, testResults }));
    return file;
  };
  const summary = (...files: string[]) => run(process.execPath, [join(root, "scripts", "summary.mjs"), ...files]);

  test("adds up", async () => {
    const fine = report("fine.json", 5, 0, [{ status: "passed", assertionResults: [{ status: "passed" }] }]);
    expect(await summary(fine, fine)).toEqual({ code: 0, output: "10 passed, 0 failed\n" });
  });

  test("counts failed tests, files that did not load, and missing reports", async () => {
    const failed = report("failed.json", 5, 1, [{ status: "failed", assertionResults: [{ status: "failed" }] }]);
    const broken = report("broken.json", 5, 0, [{ status: "failed", assertionResults: [] }]);
    expect(await summary(failed, broken, "missing.json")).toEqual({ code: 1, output: "10 passed, 3 failed\n" });
  });
});
