/** Names of tensors in a source, and patterns of them: "forward_*" stands for any letters, but not for the end of a step. */

/** Whether a name is one that a pattern means. Takes time in proportion to both lengths at most, whatever they hold. */
export function matchesPattern(name: string, pattern: string, separator: string): boolean {
  const names = name.split(separator);
  const patterns = pattern.split(separator);
  return names.length === patterns.length && patterns.every((each, i) => matchesStep(names[i], each));
}

/** The usual way: what follows a * is looked for at its first place, and further on when the rest does not fit. */
function matchesStep(text: string, pattern: string): boolean {
  let t = 0;
  let p = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length)
    if (pattern[p] === "*") {
      star = p++;
      retry = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++retry;
    } else return false;
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** The place in front of a name that ends as a pattern says: "encoder.rnn" for "encoder.rnn.weight". */
export function placeBefore(name: string, pattern: string, separator: string): string | undefined {
  const steps = name.split(separator);
  const count = pattern.split(separator).length;
  const end = steps.slice(-count).join(separator);
  return steps.length >= count && matchesPattern(end, pattern, separator)
    ? steps.slice(0, steps.length - count).join(separator)
    : undefined;
}

/** A place and a name below it. */
export const joinName = (steps: readonly string[], separator: string): string =>
  steps.filter((step) => step !== "").join(separator);
