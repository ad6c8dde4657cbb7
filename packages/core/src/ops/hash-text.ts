/** FNV-1a, 32 bits, over the UTF-8 bytes of a text. http://www.isthe.com/chongo/tech/comp/fnv/ */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** A whole number from 0 to 2³² - 1 that is the same on every machine. */
export function hashText(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}
