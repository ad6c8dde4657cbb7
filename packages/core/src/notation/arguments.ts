/** Which argument of a call is for which parameter. Known before anything is computed, so all calls of a document are checked at once. */
import { suggestName } from "../errors/suggest.js";
import type { Facts } from "./source.js";
import type { CallExpression, Expression, Span } from "./syntax.js";
import { signatureOf, type NotationFunction, type Parameter } from "./functions/function.js";

/** Arguments by parameter; those that are not given are absent. */
export type BoundArguments = ReadonlyMap<string, readonly Expression[]>;

/** A problem with a call, and the part of it that is meant. */
export interface CallProblem {
  readonly span: Span;
  readonly facts: Facts;
}

/** The arguments of a call, each at its parameter; or what is wrong with them. */
export function bindArguments(
  definition: NotationFunction,
  call: CallExpression,
): { readonly bound: BoundArguments; readonly problems: readonly CallProblem[] } {
  const { name, parameters } = definition;
  const bound = new Map<string, Expression[]>();
  const problems: CallProblem[] = [];
  const expected = signatureOf(definition);
  const refuse = (span: Span, problem: string, hint?: string): void => {
    problems.push({ span, facts: { code: "notation.arguments", problem, expected, hint } });
  };
  const byPlace = parameters.filter((parameter) => parameter.named !== true);
  let place = 0;
  for (const { name: given, value } of call.arguments) {
    const parameter =
      given === null
        ? byPlace.at(place)
        : parameters.find(({ name: each, rest }) => each === given.name && rest !== true);
    if (given === null && parameter?.rest !== true) place++;
    if (parameter === undefined) {
      if (given === null) refuse(value.span, `${name} takes ${countOf(parameters)}`);
      else refuse(given.span, `${name} has no parameter ${given.name}`, suggestName(given.name, namesOf(parameters)));
      continue;
    }
    const before = bound.get(parameter.name) ?? [];
    if (before.length > 0 && parameter.rest !== true)
      refuse(given?.span ?? value.span, `${parameter.name} is given once`);
    else bound.set(parameter.name, [...before, value]);
    if (value.kind === "list" && parameter.sizes !== true && parameter.name !== "parts")
      refuse(value.span, `${parameter.name} of ${name} is a value, not a list`);
  }
  const missing = parameters.find(
    ({ name: each, standard, rest }) =>
      standard === undefined && !bound.has(each) && (rest !== true || !bound.has(each)),
  );
  if (missing !== undefined) refuse(call.span, `${name} is given ${missing.name}`);
  return { bound, problems };
}

const namesOf = (parameters: readonly Parameter[]): readonly string[] => parameters.map((parameter) => parameter.name);

const countOf = (parameters: readonly Parameter[]): string => {
  const most = parameters.filter((parameter) => parameter.named !== true).length;
  return most === 1 ? "one argument" : `at most ${most} arguments`;
};
