// The checks that need more than one command: types, and the packages as they would be published.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packAll } from "./pack.mjs";
import { packageFolder, packageNames } from "./packages.mjs";
import { runAll, tool } from "./run.mjs";

/**
 * Type-checks everything at once, then each package alone with only the globals that it may use. By the native compiler
 * (decision 0061); tsup and typedoc check the sources with the other one.
 */
export const checkTypes = () =>
  runAll(
    [".", ...packageNames.map(packageFolder)].map(
      (project) => () => tool("typescript-native", ["-p", project], { bin: "tsc" }),
    ),
  );

/** publint looks at what package.json promises, attw at whether the types resolve for those who import it. */
export async function checkPackages() {
  const folder = mkdtempSync(join(tmpdir(), "latchgrad-packed-"));
  try {
    const packed = await packAll(folder);
    return await runAll(
      packed.flatMap(({ tarball }) => [
        () => tool("publint", [tarball, "--strict"]),
        () => tool("@arethetypeswrong/cli", [tarball, "--profile", "esm-only", "--no-emoji"], { bin: "attw" }),
      ]),
    );
  } catch (error) {
    return { code: 1, output: String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
