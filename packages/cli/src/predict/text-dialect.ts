/** The dialect of texts: what a model of characters, bytes or words reads, and after each symbol the one that it thinks comes next. */
import type { Model } from "@latchgrad/layers";
import type { Served, SymbolName, TextCoder } from "@latchgrad/optim";
import type { Dialect, Heard, RowFormat } from "./dialect.js";
import type { Nested } from "./example.js";
import { rowWriter } from "./table.js";
import { targetsOf } from "./targets.js";

export interface TextDialectOptions {
  readonly coder: TextCoder;
  readonly model: Model;
  readonly served: Pick<Served, "outputs">;
  /** Of the answers. */
  readonly format: RowFormat;
  /** Of the rows that hold texts. Absent: what is read is itself the text. A stream always is. */
  readonly source: "csv" | "jsonLines" | undefined;
  readonly isStream: boolean;
}

/** Symbols of a part of a stream at most, so that few sizes are compiled and little waits. */
const PART = 256;
/** Numbers that the answer to one text has at most, 16 Mi. */
const MOST_LOGITS = 2 ** 24;

/** What the answer says at one symbol. */
interface Said {
  readonly symbol: SymbolName;
  readonly next: SymbolName;
  readonly probability: number;
}

export function textDialect(options: TextDialectOptions): Dialect<readonly string[]> {
  const { coder, model, served, format, source, isStream } = options;
  const [decoded] = targetsOf(model).keys();
  const write = rowWriter(format);
  const longest = Math.max(1, Math.floor(MOST_LOGITS / coder.size));
  const heard = (symbols: readonly string[], id?: string): Heard<readonly string[]> => ({
    id,
    steps: symbols.length,
    sequence: symbols,
    issues: [],
  });
  return {
    async *sequences(path, file) {
      for await (const { id, symbols, issues } of coder.read(path, file, source ?? "text", longest))
        yield { ...heard(symbols, id), issues };
    },
    async *parts(path, stream) {
      const read = coder.pieces(path);
      for await (const bytes of stream) yield* partsOf(read(asBytes(bytes), false));
      yield* partsOf(read(new Uint8Array(), true));
    },
    shape: ({ steps }) => String(steps),
    encode: (batch) => coder.encode(batch.map(({ sequence }) => sequence)),
    answer({ id, sequence }, { [decoded]: logits }) {
      const said = saidOf(coder, sequence, logits, served.outputs[decoded]);
      if (isStream) return said.map((each) => write(each, () => [{ ...each }])).join("");
      const named = id === undefined ? {} : { id };
      const lists = {
        symbols: said.map(({ symbol }) => symbol),
        next: said.map(({ next }) => next),
        probabilities: said.map(({ probability }) => probability),
      };
      return write({ ...named, ...lists }, () => said.map((each, step) => ({ ...named, step: step + 1, ...each })));
    },
  };

  function* partsOf(symbols: readonly string[]): Generator<Heard<readonly string[]>> {
    for (let from = 0; from < symbols.length; from += PART) yield heard(symbols.slice(from, from + PART));
  }
}

const asBytes = (piece: string | Uint8Array): Uint8Array =>
  typeof piece === "string" ? new TextEncoder().encode(piece) : piece;

const saidOf = (
  coder: TextCoder,
  symbols: readonly string[],
  { dims, data }: Nested,
  { dtype }: Served["outputs"][string],
): readonly Said[] =>
  coder
    .decode({ dtype, dims, data: Float64Array.from(data) })
    .map(({ symbol, probability }, step) => ({ symbol: coder.name(symbols[step]), next: symbol, probability }));
