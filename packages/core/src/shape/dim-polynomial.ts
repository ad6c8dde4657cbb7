/** Polynomials with integer coefficients, and their canonical spelling: what symbolic dims are made of. See dim.ts. */

/** A product of atoms (symbols or functions), sorted; the empty product is 1. */
export interface Term {
  readonly coefficient: number;
  readonly atoms: readonly string[];
}
/** Terms of different atoms and coefficients other than 0, in the order in which they are spelled; no terms: 0. */
export type Polynomial = readonly Term[];

const keyOf = (atoms: readonly string[]): string => atoms.join("*");

export const constantPolynomial = (value: number): Polynomial => normalize([{ coefficient: value, atoms: [] }]);

export function normalize(terms: readonly Term[]): Polynomial {
  const byKey = new Map<string, Term>();
  for (const { coefficient, atoms } of terms) {
    const sorted = [...atoms].sort();
    const key = keyOf(sorted);
    byKey.set(key, { coefficient: coefficient + (byKey.get(key)?.coefficient ?? 0), atoms: sorted });
  }
  return [...byKey.values()]
    .filter((term) => term.coefficient !== 0)
    .sort((a, b) => b.atoms.length - a.atoms.length || (keyOf(a.atoms) < keyOf(b.atoms) ? -1 : 1));
}

export const multiply = (a: Polynomial, b: Polynomial): Polynomial =>
  normalize(
    a.flatMap((x) => b.map((y) => ({ coefficient: x.coefficient * y.coefficient, atoms: [...x.atoms, ...y.atoms] }))),
  );

/** The term without one occurrence of `atom`. */
export const withoutAtom = ({ coefficient, atoms }: Term, atom: string): Term => ({
  coefficient,
  atoms: atoms.toSpliced(atoms.indexOf(atom), 1),
});

/** a / b when that is a term with a whole coefficient, else undefined. */
export function divideTerms(a: Term, b: Term): Term | undefined {
  const coefficient = a.coefficient / b.coefficient;
  const atoms = [...a.atoms];
  for (const atom of b.atoms) {
    const at = atoms.indexOf(atom);
    if (at < 0) return undefined;
    atoms.splice(at, 1);
  }
  return Number.isInteger(coefficient) ? { coefficient, atoms } : undefined;
}

function printTerm({ coefficient, atoms }: Term, first: boolean): string {
  const magnitude = Math.abs(coefficient);
  const body = [...(magnitude === 1 && atoms.length > 0 ? [] : [String(magnitude)]), ...atoms].join("*");
  return (coefficient < 0 ? "-" : first ? "" : "+") + body;
}

/** The number, or the canonical spelling. */
export function printPolynomial(polynomial: Polynomial): number | string {
  if (polynomial.length === 0) return 0;
  if (polynomial.length === 1 && polynomial[0].atoms.length === 0) return polynomial[0].coefficient;
  // A leading minus reads badly and would need brackets in a product, so a positive term goes first.
  const leading = Math.max(
    0,
    polynomial.findIndex((term) => term.coefficient > 0),
  );
  const ordered = [polynomial[leading], ...polynomial.filter((_, i) => i !== leading)];
  return ordered.map((term, i) => printTerm(term, i === 0)).join("");
}
