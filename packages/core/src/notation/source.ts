/** Where an equation stands, and how problems and origins point into it. */
import { ConfigError, ShapeError } from "../errors/errors.js";
import type { Issue, Location } from "../errors/issue.js";
import type { Origin } from "../ir/graph.js";
import type { Span } from "./syntax.js";

/** A text in the notation, and its place in a document. */
export interface EquationSource {
  readonly text: string;
  /** JSON pointer of the text: "/cells/peephole/equations/0". */
  readonly pointer: string;
  /** For people: "cell peephole, equation 1". */
  readonly place: string;
}

/** The origin of nodes that a part of an equation stands for: "/cells/peephole/equations/0:13-18". */
export const originOf = ({ pointer }: EquationSource, { from, to }: Span): Origin => `${pointer}:${from}-${to}`;

/** A part of an equation as it is written. */
export const textOf = ({ text }: EquationSource, { from, to }: Span): string => text.slice(from - 1, to);

export const locationOf = (source: EquationSource, { from, to }: Span): Location => ({
  kind: "equation",
  pointer: source.pointer,
  place: source.place,
  text: source.text,
  from,
  to,
});

/** What there is to say of a problem besides its place. */
export type Facts = Omit<Issue, "at">;

/** A problem with a part of an equation. */
export const equationIssue = (source: EquationSource, span: Span, facts: Facts): Issue => ({
  ...facts,
  at: locationOf(source, span),
});

/** Stops with a problem of what is written. */
export function refuseText(source: EquationSource, span: Span, facts: Facts): never {
  throw new ConfigError([equationIssue(source, span, facts)]);
}

/** Stops with a problem of what the parts turn out to be: shapes and element types. */
export function refuseShape(source: EquationSource, span: Span, facts: Facts): never {
  throw new ShapeError([equationIssue(source, span, facts)]);
}
