// docs/functions.md: every function of the notation, as its own definition describes it.
import { notationFunctions, signatureOf } from "../../packages/core/src/index";
import { escaped, generatedNote } from "./markdown";

const INTRODUCTION = `
What equations can call; [notation.md](notation.md) says how. Arguments are given by place or by name; one with a default may be left
out. A value \`v\`, \`a\` or \`b\` may have any shape where nothing else is said; an axis is one of the example's, from 0, or from -1 backwards.
A function of two values aligns them as operators do.
`;

/** The reference page of all functions. */
export function functionsPage(): string {
  const rows = [...notationFunctions.values()].map(
    (definition) => `| \`${signatureOf(definition)}\` | ${escaped(definition.summary)} |`,
  );
  return [
    "# Functions of the notation",
    generatedNote("the definitions in packages/core/src/notation/functions"),
    INTRODUCTION,
    ["| Function | What it gives |", "| --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}
