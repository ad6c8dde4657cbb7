/**
 * Files as ranges of bytes: what a task reads from one that may be larger than memory. Whoever runs a task says how a file is
 * opened; a `File` of a browser and a file of Node can both do it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** A file that is open for reading, and does not change while it is. */
export interface FileBytes {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from offset `from` up to `to`, not included; both lie within the file. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Opens a file that a config names, by the path written there. Throws when it cannot. */
export type OpenFile = (path: string) => FileBytes | Promise<FileBytes>;

/** A text in memory as a file. */
export function textBytes(text: string): FileBytes {
  const bytes = new TextEncoder().encode(text);
  return { size: bytes.length, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
}

/** A `Blob`, such as a `File` that somebody chose in a browser, as a file; only what is asked for is read. */
export const blobBytes = (blob: Blob): FileBytes => ({
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
});

/** Bytes that are read at once when a whole file is gone through. */
export const CHUNK_BYTES = 2 ** 18;

/** The bytes of a range in pieces, in order. */
export async function* chunksOf(file: FileBytes, from = 0, to = file.size): AsyncGenerator<Uint8Array, void> {
  for (let at = from; at < to; at += CHUNK_BYTES) yield await file.read(at, Math.min(to, at + CHUNK_BYTES));
}

/** The same file, read in larger pieces: for who goes through it from the beginning to the end. */
export function readAhead({ size, read }: FileBytes): FileBytes {
  let at = 0;
  let piece = new Uint8Array();
  return {
    size,
    async read(from, to) {
      if (from < at || to > at + piece.length) {
        piece = new Uint8Array(await read(from, Math.min(size, Math.max(to, from + CHUNK_BYTES))));
        at = from;
      }
      return piece.subarray(from - at, to - at);
    },
  };
}

/** The SHA-256 of a file as 64 lower-case hexadecimal digits. The file is never held as a whole. */
export async function fileHash(file: FileBytes): Promise<string> {
  const hash = sha256.create();
  for await (const chunk of chunksOf(file)) hash.update(chunk);
  return bytesToHex(hash.digest());
}
