/**
 * `npm run trust`: whether runs can be relied on, with the built command, in processes of its own. A run is ended at random
 * moments until 50 processes have died of it, and a sweep 30 times; whatever happens, all files have to be those of a run that
 * nothing happened to, and no others. Prints what happened, and ends with code 1 when a byte differs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killMany } from "./kills.ts";
import { interruptSweep } from "./sweeps.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "50" }, sweeps: { type: "string", default: "30" } },
});
const base = mkdtempSync(join(tmpdir(), "latchgrad-trust-"));
const hasSurvived = await killMany(Number(values.kills), base);
const hasGoneOn = await interruptSweep(Number(values.sweeps), base);
if (hasSurvived && hasGoneOn) rmSync(base, { recursive: true, force: true });
else {
  console.log(`the folders are in ${base}`);
  process.exitCode = 1;
}
