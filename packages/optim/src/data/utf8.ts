/** Bytes as text, or the line where they are none. */
import { DataError } from "./problems.js";

const utf8 = (fatal: boolean): TextDecoder => new TextDecoder("utf-8", { fatal, ignoreBOM: true });

/** The text of bytes in which line `line` of a file begins. Throws DataError where they are none. */
export function decodeText(path: string, line: number, bytes: Uint8Array, hint?: string): string {
  try {
    return utf8(true).decode(bytes);
  } catch {
    throw new DataError([
      {
        code: "data.encoding",
        problem: "a data file is text in UTF-8",
        at: { kind: "value", name: `${path}, line ${line + linesBeforeFault(bytes)}` },
        received: "bytes that are none",
        hint,
      },
    ]);
  }
}

/** The text of bytes, with U+FFFD where they are none. */
export const decodeLeniently = (bytes: Uint8Array): string => utf8(false).decode(bytes);

/** Whether bytes begin with the mark that some programs put in front of UTF-8. */
export const hasMark = (bytes: Uint8Array): boolean =>
  bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** How many lines come before the one that cannot be decoded. */
function linesBeforeFault(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    try {
      utf8(true).decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
