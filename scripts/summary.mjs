// Prints `N passed, N failed` for the vitest JSON reports named as arguments: the last line of .ci/run.
import { readFileSync } from "node:fs";

/**
 * What this reads of a report. A file that could not even be loaded has no test in it, so it counts as one failure.
 * @typedef {{ numPassedTests: number, numFailedTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[] }} Report
 */

/** @param {string} file */
function count(file) {
  try {
    /** @type {Report} */
    const report = JSON.parse(readFileSync(file, "utf8"));
    const broken = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === "failed" && !assertionResults.some((result) => result.status === "failed"),
    );
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
  } catch {
    // No report: the run ended before it could write one.
    return { passed: 0, failed: 1 };
  }
}

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const counts = count(file);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
