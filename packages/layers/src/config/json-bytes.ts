/** Reads a JSON document from the bytes of its file. */
import { ConfigError } from "@latchgrad/core";
import { readJsonText } from "./json-text.js";

/** The value that a JSON file in UTF-8 stands for. Throws ConfigError. */
export function readJsonBytes(bytes: Uint8Array): unknown {
  return readJsonText(textOf(bytes));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([
      { code: "config.encoding", problem: "a document is text in UTF-8", at: { kind: "config", pointer: "" } },
    ]);
  }
}
