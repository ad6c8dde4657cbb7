// Damaged texts and values: what a reader gets from a full disk, a bad merge or an attacker.
import type { Draw } from "./random-draw.js";

const PIECES = [
  "%",
  "%x",
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  ",",
  ":",
  "=",
  "->",
  "<-",
  ";",
  '"',
  "\\",
  "\n",
  "graph",
  "return",
  "state",
  "inf",
  "-inf",
  "nan",
  "-0",
  "1e999",
  "9007199254740993",
  "f32",
  "f32[B,T]",
  "i32[-1]",
  "f64[ceil(T/0)]",
  "scan",
  "call",
  "concat",
  "constant",
  "B*B",
  "T-1",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  "🙂",
];

/** The text with one to four places cut, doubled, exchanged or overwritten. */
export function damagedText(text: string, draw: Draw): string {
  let result = text;
  for (let i = 0; i <= draw.below(4); i++) {
    const at = draw.below(result.length + 1);
    const end = Math.min(result.length, at + draw.below(draw.chance(0.2) ? 200 : 8));
    const other = draw.below(result.length + 1);
    const piece = draw.pick([
      "",
      draw.pick(PIECES),
      result.slice(at, end).repeat(2),
      result.slice(other, other + draw.below(40)),
      String.fromCharCode(draw.below(128)),
    ]);
    result = result.slice(0, at) + piece + result.slice(end);
  }
  return result;
}

/** Made anew each time, because later damage may hit them too. */
const values = (): readonly unknown[] => [
  null,
  undefined,
  true,
  0,
  -1,
  1,
  1.5,
  NaN,
  Infinity,
  2 ** 53,
  "",
  "x",
  "f32",
  "f32[T-1]",
  "i32[2,-1]",
  [],
  [[]],
  [0],
  ["T"],
  {},
  { number: "nan" },
  { number: "2" },
  10n,
  Symbol("s"),
  () => 0,
  new Date(0),
  "__proto__",
  Object.create(null),
];

type Member = readonly [holder: Record<string, unknown>, key: string];

/** Every member of every object inside `holder`. What is copied is copied through JSON, so there are no cycles. */
function membersOf(holder: object): readonly Member[] {
  const members: Member[] = [];
  const pending = [holder];
  for (let object = pending.pop(); object !== undefined; object = pending.pop())
    for (const [key, inner] of Object.entries(object) as [string, unknown][]) {
      members.push([object as Record<string, unknown>, key]);
      if (typeof inner === "object" && inner !== null) pending.push(inner);
    }
  return members;
}

/** The JSON value with one to three places replaced, removed, added or copied elsewhere. */
export function damagedJson(value: unknown, draw: Draw): unknown {
  const result = { root: plain(value) };
  for (let i = 0; i <= draw.below(3); i++) {
    const members = membersOf(result);
    if (members.length === 0) break;
    const [object, key] = draw.pick(members);
    const [source, sourceKey] = draw.pick(members);
    const added = draw.pick(["__proto__", "constructor", "extra", "attrs"]);
    const damage: readonly (() => void)[] = [
      () => Reflect.deleteProperty(object, key),
      // Defined and not set, so that "__proto__" becomes a key like others, as JSON.parse makes it.
      () => Object.defineProperty(object, added, { value: {}, enumerable: true, writable: true, configurable: true }),
      () => (object[key] = plain(source[sourceKey])),
      () => (object[key] = draw.pick(values())),
    ];
    draw.pick(damage)();
  }
  return result.root;
}

/** A copy of what JSON can hold; bigints as text, nothing as null. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "null",
  );
