/**
 * WebAssembly as bytes: functions written instruction by instruction, and the
 * module around them. Knows the binary format and nothing of graphs.
 * Format: WebAssembly Core Specification 2.0, section 5, with SIMD and relaxed SIMD.
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;

const FUNCTION_TYPE = 0x60;
const NO_RESULT = 0x40;

/** LEB128 of a number from 0 to 2³² - 1. */
export function unsigned(value: number): number[] {
  if (value < 0) throw new TypeError(`internal: ${value} is no unsigned number; please report this`);
  if (value < 128) return [value];
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a whole number from -2⁶³ to 2⁶³ - 1. */
export function signed(value: number): number[] {
  if (value >= -64 && value < 64) return [value < 0 ? value + 128 : value];
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = ((rest % 128) + 128) % 128;
    rest = Math.floor(rest / 128);
    if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const float = new DataView(new ArrayBuffer(8));
const FLOAT_BYTES = [0, 1, 2, 3, 4, 5, 6, 7];

function floatBytes(value: number, bytes: 4 | 8): number[] {
  if (bytes === 4) float.setFloat32(0, value, true);
  else float.setFloat64(0, value, true);
  return FLOAT_BYTES.slice(0, bytes).map((at) => float.getUint8(at));
}

/** One behind the other. Modules have some 100,000 bytes, and lists of numbers take eight times as much. */
function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const text = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
};

/** A local variable of a function under construction. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** A function under construction. Instructions are appended in order; `op` takes raw opcode bytes. */
export interface Code {
  readonly params: readonly Local[];
  local(type: ValueType): Local;
  op(...bytes: readonly number[]): void;
  get(local: Local): void;
  set(local: Local): void;
  i32(value: number): void;
  /** A whole number from -2⁶³ to 2⁶³ - 1 that a number can hold. */
  i64(value: number): void;
  f32(value: number): void;
  f64(value: number): void;
  call(func: number): void;
  /** The number of another function of the module, written at the first call with this key. All parameters are i32. */
  function(key: string, params: number, write: (code: Code) => void): number;
  /** Runs `body` count times, at least once. */
  repeat(count: number, body: () => void): void;
  /** local += bytes. */
  advance(local: Local, bytes: number): void;
  /** Runs `body` when the i32 on the stack is not 0, else `otherwise`. */
  when(body: () => void, otherwise?: () => void): void;
  /** Runs `body`, which may end it by `leave`. */
  block(body: () => void): void;
  /** Runs `body` once; a `leave` of it begins it anew. */
  loop(body: () => void): void;
  /** When the i32 on the stack is not 0, goes on behind the block around; `depth`: how many loops and branches lie between. */
  leave(depth: number): void;
}

interface FunctionBody {
  readonly params: number;
  readonly bytes: Uint8Array;
}

export interface ModuleBuilder {
  /** The number of the function with this key, which is written when it is new. All parameters are i32. */
  function(key: string, params: number, write: (code: Code) => void): number;
  exportFunction(name: string, func: number): void;
  /** The module's bytes. Its memory is imported as "env"."memory". */
  build(memory: { readonly pages: number; readonly shared: boolean }): Uint8Array<ArrayBuffer>;
}

/** Declarations of local variables: neighbours of one type are one. */
function declare(locals: readonly ValueType[]): number[] {
  const runs: { readonly type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return [...unsigned(runs.length), ...runs.flatMap(({ type, count }) => [...unsigned(count), type])];
}

function writeFunction(params: number, write: (code: Code) => void, functionOf: Code["function"]): FunctionBody {
  const bytes: number[] = [];
  const locals: ValueType[] = [];
  const code: Code = {
    params: Array.from({ length: params }, (_, index) => ({ index, type: I32 })),
    local(type) {
      locals.push(type);
      return { index: params + locals.length - 1, type };
    },
    op: (...more) => {
      bytes.push(...more);
    },
    get: ({ index }) => {
      if (index < 128) bytes.push(0x20, index);
      else bytes.push(0x20, ...unsigned(index));
    },
    set: ({ index }) => {
      if (index < 128) bytes.push(0x21, index);
      else bytes.push(0x21, ...unsigned(index));
    },
    i32: (value) => {
      bytes.push(0x41, ...signed(value | 0));
    },
    i64: (value) => {
      bytes.push(0x42, ...signed(value));
    },
    f32: (value) => {
      bytes.push(0x43, ...floatBytes(value, 4));
    },
    f64: (value) => {
      bytes.push(0x44, ...floatBytes(value, 8));
    },
    call: (func) => {
      bytes.push(0x10, ...unsigned(func));
    },
    function: functionOf,
    repeat(count, body) {
      if (count === 1) {
        body();
        return;
      }
      const left = code.local(I32);
      code.i32(count);
      code.set(left);
      code.loop(() => {
        body();
        code.get(left);
        code.i32(1);
        code.op(0x6b, 0x22, ...unsigned(left.index));
        code.leave(0);
      });
    },
    advance(local, by) {
      if (by === 0) return;
      code.get(local);
      code.i32(by);
      code.op(0x6a);
      code.set(local);
    },
    when(body, otherwise) {
      code.op(0x04, NO_RESULT);
      body();
      if (otherwise !== undefined) {
        code.op(0x05);
        otherwise();
      }
      code.op(0x0b);
    },
    block(body) {
      code.op(0x02, NO_RESULT);
      body();
      code.op(0x0b);
    },
    loop(body) {
      code.op(0x03, NO_RESULT);
      body();
      code.op(0x0b);
    },
    leave(depth) {
      code.op(0x0d, ...unsigned(depth));
    },
  };
  write(code);
  const declarations = declare(locals);
  bytes.push(0x0b);
  return { params, bytes: joined([unsigned(declarations.length + bytes.length), declarations, bytes]) };
}

function section(id: number, items: readonly ArrayLike<number>[]): Uint8Array {
  const content = joined([unsigned(items.length), ...items]);
  return joined([[id], unsigned(content.length), content]);
}

/** A function of the host, imported from "env". All parameters are i32, and there is no result. */
export interface FunctionImport {
  readonly name: string;
  readonly params: number;
}

/** Imported functions have the numbers from 0 on. */
export function moduleBuilder(imports: readonly FunctionImport[] = []): ModuleBuilder {
  const bodies: FunctionBody[] = [];
  const numbers = new Map<string, number>();
  const exports: (readonly number[])[] = [];
  const builder: ModuleBuilder = {
    function(key, params, write) {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      // The number is taken after writing, because a function may add those that it calls.
      const body = writeFunction(params, write, builder.function);
      bodies.push(body);
      const number = imports.length + bodies.length - 1;
      numbers.set(key, number);
      return number;
    },
    exportFunction(name, func) {
      exports.push([...text(name), 0x00, ...unsigned(func)]);
    },
    build({ pages, shared }) {
      const types = [...bodies, ...imports].map(({ params }) => [
        FUNCTION_TYPE,
        ...unsigned(params),
        ...new Array<number>(params).fill(I32),
        0,
      ]);
      const limits = shared ? [0x03, ...unsigned(pages), ...unsigned(pages)] : [0x00, ...unsigned(pages)];
      const memory = [...text("env"), ...text("memory"), 0x02, ...limits];
      const functions = imports.map(({ name }, i) => [
        ...text("env"),
        ...text(name),
        0x00,
        ...unsigned(bodies.length + i),
      ]);
      const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
      const sections = [
        section(1, types),
        section(2, [memory, ...functions]),
        section(
          3,
          bodies.map((_, i) => unsigned(i)),
        ),
        section(7, exports),
        section(
          10,
          bodies.map(({ bytes }) => bytes),
        ),
      ];
      return joined([header, ...sections]);
    },
  };
  return builder;
}
