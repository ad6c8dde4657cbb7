/** The files that a task names: what the config may say, and opening them. */
import { ConfigError, joinPointer } from "@latchgrad/core";
import * as z from "zod";
import { SPLITS, type Split } from "./batch.js";
import type { DataContext } from "./context.js";
import type { FileBytes } from "./file-bytes.js";

const MOST_FILES = 1000;
const listSchema = z.array(z.string().min(1).max(4000)).min(1).max(MOST_FILES);

const filesOf = (split: Split) =>
  listSchema.meta({ description: `Files of the ${split} part.`, examples: [[`${split}.csv`]] });
const partsSchema = z.strictObject({
  train: filesOf("train"),
  validation: filesOf("validation"),
  test: filesOf("test"),
});

export const filesField = (what: string, example: string) =>
  z.union([listSchema, partsSchema]).meta({
    description: `${what}; or an object with the files of each part. Paths are relative to the document.`,
    examples: [[example], { train: ["train.csv"], validation: ["validation.csv"], test: ["test.csv"] }],
  });
export type FilesConfig = string[] | Record<Split, string[]>;

/** A file that the config names, with its place there. */
export interface NamedFile {
  readonly path: string;
  readonly pointer: string;
  /** The part that it belongs to; undefined where the parts are made of all files. */
  readonly split: Split | undefined;
}

export const namedFiles = (files: FilesConfig): readonly NamedFile[] =>
  Array.isArray(files)
    ? files.map((path, i) => ({ path, pointer: joinPointer("/task/files", i), split: undefined }))
    : SPLITS.flatMap((split) =>
        files[split].map((path, i) => ({ path, pointer: joinPointer("/task/files", split, i), split })),
      );

/** The same files under other paths. */
export const mapFiles = (files: FilesConfig, change: (path: string) => string): FilesConfig =>
  Array.isArray(files)
    ? files.map(change)
    : { train: files.train.map(change), validation: files.validation.map(change), test: files.test.map(change) };

/** Opens a file. Throws ConfigError where no file may be read, or this one cannot be. */
export async function openNamed({ openFile }: DataContext, { path, pointer }: NamedFile): Promise<FileBytes> {
  const refuse = (problem: string, received: string): ConfigError =>
    new ConfigError([{ code: "config.file", problem, at: { kind: "config", pointer }, received }]);
  if (openFile === undefined) throw refuse("a task that reads files runs where files can be read", path);
  try {
    return await openFile(path);
  } catch (error) {
    throw refuse("the file can be read", `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
