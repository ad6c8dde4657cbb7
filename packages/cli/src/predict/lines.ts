/** Lines of a file or of the standard input, each as soon as it is there. */
import { chunksOf, type FileBytes } from "@latchgrad/optim";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Heard, Line } from "./dialect.js";

/** The lines of a file, which is never held as a whole. */
export const linesOf = (file: FileBytes): AsyncGenerator<Line> => linesIn(Readable.from(chunksOf(file)));

/** The lines of a stream of bytes. */
export async function* linesIn(source: NodeJS.ReadableStream): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of createInterface({ input: source, crlfDelay: Infinity }))
    yield { number: ++number, text: number === 1 ? text.replace(/^\uFEFF/, "") : text };
}

/** What lines say, one by one: `read` gives undefined for a line without a part, such as a header; an empty line begins a new sequence. */
export async function* partsOfLines<S>(
  source: NodeJS.ReadableStream,
  read: (line: Line) => Promise<Heard<S> | undefined>,
): AsyncGenerator<Heard<S> | undefined> {
  for await (const line of linesIn(source)) {
    const isEmpty = line.text.trim() === "";
    const heard = isEmpty ? undefined : await read(line);
    if (isEmpty || heard !== undefined) yield heard;
  }
}
