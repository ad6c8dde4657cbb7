#!/usr/bin/env node
// Compares how far back the cells remember: node packages/examples/dist/main.js [length ...]
// Makes the story of the LSTM anew: node packages/examples/dist/main.js story [folder for the runs]
import { formatTable, roundOnceOnNode20 } from "@latchgrad/cli";
import { compareMemory, memoryTable, type MemoryResult } from "./memory-comparison.js";
import { storyFolder, tellStory } from "./story/main.js";

const DEFAULT_LENGTHS = [10, 20, 50, 100];
/** The shortest sequence with a place for both markers. */
const SHORTEST = 2;

roundOnceOnNode20();
const [first, folder = "runs/story"] = process.argv.slice(2);
const given = process.argv.slice(2).map(Number);
if (first === "story") await tellStory(storyFolder(), folder);
else if (given.every((length) => Number.isInteger(length) && length >= SHORTEST))
  await compare(given.length > 0 ? given : DEFAULT_LENGTHS);
else {
  console.error(`Lengths are whole numbers from ${SHORTEST} on, for example: 10 20 50`);
  process.exitCode = 2;
}

async function compare(lengths: readonly number[]): Promise<void> {
  const results: MemoryResult[] = [];
  for await (const result of compareMemory(lengths)) {
    results.push(result);
    const { cell, length, loss, step } = result;
    console.log(`${cell} at length ${length}: test loss ${loss.toFixed(4)} after ${step} steps`);
  }
  console.log(
    `\nTest loss on the adding problem; always answering the mean scores ${results[0].baseline.toFixed(4)}\n`,
  );
  console.log(formatTable(memoryTable(results)));
}
