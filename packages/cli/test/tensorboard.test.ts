// TensorBoard's event files: checksums as published, and records that its own reader gives back.
import { expect, test, vi } from "vitest";
import { crc32c, eventFileStart, scalarEvents } from "../src/tensorboard";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test("CRC-32C gives the values of RFC 3720, appendix B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
});

/**
 * The bytes of the writer of tensorboard 2.21.0 (tensorboard.summary.writer.record_writer with event_pb2) for the file version at
 * time 1.5, and for the step 300 with two values at time 1.5.
 */
const OF_TENSORBOARD = [
  "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c3c00000000000000c8b7",
  "a35209000000000000f83f10ac022a2e0a110a0a747261696e2f6c6f7373150000803e0a190a12747261696e2f6772616469",
  "656e744e6f726d15000040c065b88051",
].join("");

test("a file is what TensorBoard's own writer writes", () => {
  vi.useFakeTimers({ now: 1500 });
  try {
    const bytes = [...eventFileStart(), ...scalarEvents(300, { "train/loss": 0.25, "train/gradientNorm": -3 })];
    expect(Buffer.from(bytes).toString("hex")).toBe(OF_TENSORBOARD);
  } finally {
    vi.useRealTimers();
  }
});
