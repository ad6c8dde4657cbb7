/**
 * TensorBoard's event files: records with a length, their bytes and two
 * checksums, each record a protocol buffer of type Event.
 *
 * Source: tensorflow/core/lib/io/record_writer.h and tensorflow/core/util/event.proto.
 */

/** The polynomial of CRC-32C (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const BITS = 8;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < BITS; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** The CRC-32C of some bytes (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> BITS) ^ TABLE[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** As it stands in files: rotated, and moved by a constant, so that a checksum over checksums stays one. */
const MASK_DELTA = 0xa282ead8;
const maskedCrc32c = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
};

/** u64 length, its masked CRC, the bytes, their masked CRC; all little-endian. */
function record(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + 4 + content.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(content, 12);
  view.setUint32(12 + content.length, maskedCrc32c(content), true);
  return bytes;
}

/** Wire types of protocol buffers. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const tag = (field: number, wire: keyof typeof WIRE): number => (field << 3) | WIRE[wire];

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const bytesField = (field: number, content: Uint8Array): readonly number[] => [
  tag(field, "bytes"),
  ...varint(content.length),
  ...content,
];

const textField = (field: number, text: string): readonly number[] => bytesField(field, new TextEncoder().encode(text));

function fixedField(field: number, bytes: 4 | 8, value: number): readonly number[] {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 8) view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  return [tag(field, bytes === 8 ? "fixed64" : "fixed32"), ...new Uint8Array(view.buffer)];
}

/** Event: wall_time 1 (double, seconds), step 2 (int64), file_version 3 (string), summary 5. The time is only shown. */
const WALL_TIME = 1;
const STEP = 2;
const FILE_VERSION = 3;
const SUMMARY = 5;
/** Summary: value 1, repeated. Summary.Value: tag 1 (string), simple_value 2 (float). */
const VALUE = 1;
const TAG = 1;
const SIMPLE_VALUE = 2;

const nowField = (): readonly number[] => fixedField(WALL_TIME, 8, Date.now() / 1000);

/** The first record of a file. */
export const eventFileStart = (): Uint8Array =>
  record(Uint8Array.from([...nowField(), ...textField(FILE_VERSION, "brain.Event:2")]));

/** One record with the values of a step. */
export function scalarEvents(step: number, values: Readonly<Record<string, number>>): Uint8Array {
  const summary = Object.entries(values).flatMap(([name, value]) =>
    bytesField(VALUE, Uint8Array.from([...textField(TAG, name), ...fixedField(SIMPLE_VALUE, 4, value)])),
  );
  return record(
    Uint8Array.from([
      ...nowField(),
      tag(STEP, "varint"),
      ...varint(step),
      ...bytesField(SUMMARY, Uint8Array.from(summary)),
    ]),
  );
}
