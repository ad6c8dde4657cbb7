/** The model documents of this package. */
import type { ExperimentDocument } from "@latchgrad/optim";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pathOf = (name: string): string => fileURLToPath(new URL(`../models/${name}.json`, import.meta.url));

/** Paths of the documents by name, for `latchgrad train` and for programs. */
export const models = {
  "adding-lstm": pathOf("adding-lstm"),
  "adding-gru": pathOf("adding-gru"),
  "adding-rnn": pathOf("adding-rnn"),
  "copy-memory": pathOf("copy-memory"),
  "mackey-glass": pathOf("mackey-glass"),
  characters: pathOf("characters"),
  "residual-stack": pathOf("residual-stack"),
  reverse: pathOf("reverse"),
  sunspots: pathOf("sunspots"),
} as const;

export type ModelName = keyof typeof models;

/** A document to be changed before it is read; readExperiment checks it. */
export const modelDocument = (name: ModelName): ExperimentDocument =>
  JSON.parse(readFileSync(models[name], "utf8")) as ExperimentDocument;
