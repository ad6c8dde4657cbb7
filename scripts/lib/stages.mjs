// Runs named stages and reports one line each; what a stage printed is shown only when it failed.

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {() => Promise<import("./run.mjs").Result>} run
 * @property {boolean} [needed] later stages make no sense when this one failed
 */

/** Stages of a list in the list that run beside each other; most of them keep one core busy. */
const AT_ONCE = 2;

/**
 * Runs the stages in order, those in an inner list two at a time in any order, and returns the names of those that failed. A
 * failed check does not stop the next one, so that one run shows every problem.
 * @param {readonly (Stage | readonly Stage[])[]} stages @param {(text: string) => void} [print]
 */
export async function runStages(stages, print = (text) => process.stdout.write(text)) {
  /** @type {string[]} */
  const failed = [];
  /** @param {Stage} stage @returns {Promise<boolean>} whether later stages make sense */
  const runStage = async ({ name, run, needed = false }) => {
    const start = performance.now();
    const { code, output } = await run();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    print(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(12)} ${seconds.padStart(6)} s\n`);
    if (code === 0) return true;
    print(`${output.trimEnd()}\n`);
    failed.push(name);
    return !needed;
  };

  for (const entry of stages) {
    const waiting = [entry].flat();
    let goOn = true;
    const runWaiting = async () => {
      for (let stage = waiting.shift(); stage !== undefined && goOn; stage = waiting.shift())
        if (!(await runStage(stage))) goOn = false;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
    if (!goOn) break;
  }
  return failed;
}
