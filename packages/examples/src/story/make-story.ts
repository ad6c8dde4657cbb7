/** Makes the story: runs what it tells of, and writes results, pictures and the page. */
import { readExperiment, trialId } from "@latchgrad/optim";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { collectResults } from "./collect.js";
import { storyPictures } from "./figures.js";
import { storyPage } from "./page.js";
import type { StoryResults } from "./results.js";

/** Runs the `latchgrad` command with arguments; gives its exit code. */
export type RunCommand = (args: readonly string[]) => Promise<number | null>;

export interface StoryOptions {
  /** Folder of the documents of the runs. */
  readonly documents: string;
  /** Folder of the runs; what has ended in it is not run again. */
  readonly work: string;
  /** Folder that results, pictures and page are written to. */
  readonly out: string;
  readonly jobs: number;
  readonly run: RunCommand;
}

const DONE = 0;
/** Of a sweep with trials that failed, as one without clipping may. */
const SOME_FAILED = 3;
const SWEEPS = ["distances", "exploding", "gates"] as const;
const TRACED = "four-units.json";

/** Throws where a run could not be made. */
export async function makeStory({ documents, work, out, jobs, run }: StoryOptions): Promise<StoryResults> {
  const folderOf = (name: string): string => join(work, name);
  for (const name of SWEEPS) {
    const args = ["sweep", join(documents, `${name}.json`), "--out", folderOf(name), "--jobs", String(jobs)];
    const code = await run([...args, "--no-report"]);
    if (code !== DONE && code !== SOME_FAILED) throw new Error(`the sweep ${name} ended with exit code ${code}`);
  }
  const document = join(documents, TRACED);
  const code = await run(["run-trial", "--config", document, "--out", work, "--precision", "reproducible"]);
  if (code !== DONE) throw new Error(`the run of ${TRACED} ended with exit code ${code}`);
  const { config } = readExperiment(JSON.parse(await readFile(document, "utf8")));
  const results = await collectResults({
    distances: folderOf("distances"),
    exploding: folderOf("exploding"),
    gates: folderOf("gates"),
    traced: join(work, "trials", await trialId(config, "reproducible")),
  });
  await writeStory(out, results);
  return results;
}

/** Writes the results, the pictures and the page that come of them. */
async function writeStory(out: string, results: StoryResults): Promise<void> {
  await mkdir(out, { recursive: true });
  const files = {
    "results.json": `${JSON.stringify(results)}\n`,
    "README.md": storyPage(results),
    ...(await storyPictures(results)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text);
}
