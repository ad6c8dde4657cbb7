/** The story as a program: runs the command of @latchgrad/cli in processes of its own. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeStory, type RunCommand } from "./make-story.js";

/** Makes the story from `documents` into the same folder; runs go to `work`. */
export async function tellStory(documents: string, work: string): Promise<void> {
  const cli = dirname(createRequire(import.meta.url).resolve("@latchgrad/cli/package.json"));
  const run: RunCommand = (args) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(cli, "dist/main.js"), ...args], { stdio: "inherit" });
      child.on("error", reject);
      child.on("close", resolve);
    });
  await makeStory({ documents, work, out: documents, jobs: availableParallelism(), run });
  console.log(`the story is in ${join(documents, "README.md")}`);
}

/** The folder of the story in this package. */
export const storyFolder = (): string => fileURLToPath(new URL("../story/", import.meta.url));
