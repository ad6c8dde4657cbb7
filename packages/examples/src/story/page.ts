/** The page of the story, from its results alone. */
import { cellPart } from "./page-cell.js";
import { comparisonPart } from "./page-comparison.js";
import { problemPart } from "./page-problem.js";
import type { StoryResults } from "./results.js";

export const storyPage = (results: StoryResults): string =>
  `# How an LSTM remembers

Three recurrent networks, one task, and everything measured: why a plain network forgets, how its gradient gets lost, what an LSTM does about it, step by step with real numbers, and where it stops to help.
You need to know what a weighted sum and a derivative are.

${problemPart(results)}

${cellPart(results)}

${comparisonPart(results)}
`;
