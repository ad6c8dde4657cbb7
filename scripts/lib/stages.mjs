// Runs named stages and reports one line each; what a stage printed is shown only when it failed.

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {() => Promise<import("./run.mjs").Result>} run
 * @property {boolean} [needed] later stages make no sense when this one failed
 */

/**
 * Runs the stages in order and returns the names of those that failed. A failed check does not stop the next one, so
 * that one run shows every problem.
 * @param {Stage[]} stages @param {(text: string) => void} [print]
 */
export async function runStages(stages, print = (text) => process.stdout.write(text)) {
  const failed = [];
  for (const { name, run, needed } of stages) {
    const start = performance.now();
    const { code, output } = await run();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    print(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(12)} ${seconds.padStart(6)} s\n`);
    if (code === 0) continue;
    print(`${output.trimEnd()}\n`);
    failed.push(name);
    if (needed) break;
  }
  return failed;
}
