/** Files and folders: read with errors that a person understands, written wholly or not at all. */
import type { FileBytes } from "@latchgrad/optim";
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileError } from "./failure.js";
import {
  IDENTITY,
  identityText,
  mayLive,
  ownProcess,
  parseIdentity,
  type ProcessIdentity,
} from "./process-identity.js";

/** Why the system refused, in plain words, by its error code. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "there is a file with that name",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "files may not be so large here",
  EIO: "the disk does not work",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "links lead in a circle",
};

/** The code of an error that comes from the system; undefined for others, which are bugs. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error
    ? error.code
    : undefined;

/** Why the system refused, in plain words; undefined for an error that does not come from it, which is a bug. */
export function systemReason(error: unknown): string | undefined {
  const code = systemCode(error);
  return code === undefined ? undefined : (REASONS[code] ?? `the system answers ${code}`);
}

/** What can be wrong with a file or folder: the code and the rule of an issue. */
export const RULES = {
  read: { code: "file.read", problem: "the file can be read" },
  size: { code: "file.size", problem: "the file is not larger than such a file may be" },
  encoding: { code: "file.encoding", problem: "the file is text in UTF-8" },
  write: { code: "file.write", problem: "the file can be written" },
  folder: { code: "file.folder", problem: "the folder can be made" },
} as const;
type Rule = (typeof RULES)[keyof typeof RULES];

function refuse(rule: Rule, path: string, received: string): never {
  throw new FileError([{ ...rule, at: { kind: "value", name: path }, received }]);
}

/** Does something with a file or folder; what the system refuses becomes a FileError. */
export async function attempt<T>(rule: Rule, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    return refuse(rule, path, reason);
  }
}

/** The bytes of a file of at most `longest` bytes. Throws FileError. */
export const readBytes = (path: string, longest: number): Promise<Uint8Array> =>
  attempt(RULES.read, path, async () => {
    const { size } = await stat(path);
    if (size > longest) refuse(RULES.size, path, `${size} bytes`);
    return readFile(path);
  });

/** A file of which ranges of bytes are read, each when it is asked for. Throws FileError. */
export const openBytes = (path: string): Promise<FileBytes> =>
  attempt(RULES.read, path, async () => {
    const found = await stat(path);
    if (!found.isFile()) refuse(RULES.read, path, found.isDirectory() ? "it is a folder" : "it is no plain file");
    const { size } = found;
    return { size, read: (from, to) => attempt(RULES.read, path, () => readRange(path, from, to)) };
  });

/** The file is open only while it is read, so that nobody has to close it. */
async function readRange(path: string, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  const file = await open(path, "r");
  try {
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
      if (bytesRead === 0) return refuse(RULES.read, path, "it has become shorter while it was read");
      length += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** The text of a UTF-8 file of at most `longest` bytes. Throws FileError. */
export async function readText(path: string, longest = Number.POSITIVE_INFINITY): Promise<string> {
  const bytes = await readBytes(path, longest);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse(RULES.encoding, path, "bytes that are none");
  }
}

/** Whether there is a folder at a path. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Whether there is a file at a path. */
export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Makes a folder, with those above it; one that exists is fine. Returns whether it is new. Throws FileError. */
export async function makeFolder(path: string): Promise<boolean> {
  const first = await attempt(RULES.folder, path, () => mkdir(path, { recursive: true }));
  return first !== undefined;
}

/**
 * Makes a new folder: at `path`, or, where something has that name already, at the first free one of path-2, path-3, ...
 * Returns its path. Two runs that start at once get two folders. Throws FileError.
 */
export async function makeNewFolder(parent: string, name: string): Promise<string> {
  await makeFolder(parent);
  for (let number = 1; ; number++) {
    const path = join(parent, number === 1 ? name : `${name}-${number}`);
    const isNew = await attempt(RULES.folder, path, () => mkdirUnlessTaken(path));
    if (isNew) return path;
  }
}

async function mkdirUnlessTaken(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a folder if nothing is in it. */
export async function removeEmptyFolder(path: string): Promise<void> {
  // Whatever keeps it from going, it was only meant to tidy up.
  await rmdir(path).catch(() => undefined);
}

/** The file as it is before it gets its name, which says whose it is. */
const draftOf = (path: string, self: ProcessIdentity): string => `${path}.${identityText(self)}.tmp`;
const DRAFT = new RegExp(`^.+\\.(${IDENTITY})\\.tmp$`);

/**
 * Writes several files of a folder, wholly or not at all: only when all of them are safely on disk do they get their
 * names, replacing those that had them. Drafts of processes that were killed are removed on the way. Throws FileError, leaving
 * what was there.
 */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const self = ownProcess();
  const paths = Object.keys(files).map((name) => join(folder, name));
  await tidyDrafts(folder, self);
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await attempt(RULES.write, path, () => writeToDisk(draftOf(path, self), content));
    }
    for (const path of paths) await attempt(RULES.write, path, () => rename(draftOf(path, self), path));
    await attempt(RULES.write, folder, () => syncFolder(folder));
  } finally {
    for (const path of paths) await rm(draftOf(path, self), { force: true });
  }
}

/** Removes drafts of processes that ended; one that cannot be removed does no harm. */
async function tidyDrafts(folder: string, self: ProcessIdentity): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const text = DRAFT.exec(name)?.[1];
    if (text === undefined || mayLive(parseIdentity(text), self)) continue;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** Writes a file and waits until the disk has it: a rename may otherwise survive a power cut that the content does not. */
export async function writeToDisk(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has the names in a folder, as they are after a rename. */
export async function syncFolder(path: string): Promise<void> {
  // Windows neither opens folders nor needs it.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
