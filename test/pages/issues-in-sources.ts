// Finds the issues that sources can state, without running them. An issue is an object literal with a `code`. Where the code
// or the problem is a parameter of a function around it, the calls of that function are followed.
import ts from "typescript";
import { importsOf, visit, type Source } from "../architecture/source";

export interface StatedIssue {
  readonly code: string;
  /** Undefined where it is not written as text. */
  readonly problem: string | undefined;
  /** The file that says it. */
  readonly path: string;
}

type AnyFunction = ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression;
/** What parameters stand for, after following calls. */
type Bindings = ReadonlyMap<ts.ParameterDeclaration, ts.Expression>;
/** Decides a condition, by its text; the same one everywhere in an issue. */
type Choose = (condition: string) => boolean;

export function issuesIn(sources: readonly Source[]): readonly StatedIssue[] {
  const imports = new Map(sources.map((source) => [source.path, namesImported(source)]));
  const callsOf = callFinder(sources, imports);
  const constantOf = constantFinder(sources, imports);
  const found: StatedIssue[] = [];

  function follow(literal: ts.ObjectLiteralExpression, bindings: Bindings): void {
    const code = memberOf(literal, "code", bindings);
    const problem = memberOf(literal, "problem", bindings);
    const open = [...openParameters(code, bindings), ...openParameters(wholeText(problem), bindings)];
    const [parameter] = [...open, ...openSpreads(literal, bindings)];
    if (code === undefined) return;
    const calls =
      parameter === undefined
        ? []
        : callsOf(parameter.parent as AnyFunction).filter((call) => !isInside(call, parameter.parent, bindings));
    for (const call of calls) {
      const { parameters } = parameter?.parent as AnyFunction;
      const given = parameters.flatMap((each, i) => {
        const argument = call.arguments[i];
        return argument === undefined ? [] : [[each, argument] as const];
      });
      follow(literal, new Map([...bindings, ...given]));
    }
    if (calls.length > 0) return;
    found.push(
      ...alternatives((choose) => ({
        code: textOf(code, { bindings, choose, constantOf }),
        problem: textOrNothing(problem, { bindings, choose, constantOf }),
        path: (problem ?? code).getSourceFile().fileName,
      })),
    );
  }

  for (const { ast } of sources)
    visit(ast, (node) => {
      if (ts.isObjectLiteralExpression(node) && isIssue(node)) follow(node, new Map());
    });
  return found;
}

/** An object with a code that is text, or a parameter. */
function isIssue(literal: ts.ObjectLiteralExpression): boolean {
  const code = memberOf(literal, "code", new Map());
  if (code === undefined) return false;
  return ts.isIdentifier(code) ? parameterOf(code) !== undefined : isText(code);
}

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** The value of a key, also where it is spread from a parameter that stands for an object literal. */
function memberOf(literal: ts.ObjectLiteralExpression, key: string, bindings: Bindings): ts.Expression | undefined {
  for (const property of literal.properties) {
    if (ts.isPropertyAssignment(property) && property.name.getText() === key) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property) && property.name.text === key) return property.name;
    if (!ts.isSpreadAssignment(property)) continue;
    const spread = boundTo(property.expression, bindings);
    const member = ts.isObjectLiteralExpression(spread) ? memberOf(spread, key, bindings) : undefined;
    if (member !== undefined) return member;
  }
  return undefined;
}

/** Whether a call stands in the function that it calls, or in one whose calls were followed already: both are recursion. */
function isInside(call: ts.Node, called: ts.Node, bindings: Bindings): boolean {
  for (let at = call; !ts.isSourceFile(at); at = at.parent)
    if (at === called || (isFunction(at) && at.parameters.some((parameter) => bindings.has(parameter)))) return true;
  return false;
}

/** What an expression is, once parameters are replaced by what they stand for. */
function boundTo(expression: ts.Expression, bindings: Bindings): ts.Expression {
  const parameter = parameterOf(expression);
  const bound = parameter === undefined ? undefined : bindings.get(parameter);
  return bound === undefined ? expression : boundTo(bound, bindings);
}

/** The parameter that an identifier means. */
function parameterOf(node: ts.Node): ts.ParameterDeclaration | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  for (let at: ts.Node = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (!isFunction(at)) continue;
    const found = at.parameters.find(({ name }) => ts.isIdentifier(name) && name.text === node.text);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isFunction = (node: ts.Node): node is AnyFunction =>
  ts.isFunctionDeclaration(node) || ts.isArrowFunction(node) || ts.isFunctionExpression(node);

/** Parameters that the text of an expression is made of, and whose arguments are not known yet. */
function openParameters(expression: ts.Expression | undefined, bindings: Bindings): readonly ts.ParameterDeclaration[] {
  if (expression === undefined) return [];
  const bound = boundTo(expression, bindings);
  if (ts.isTemplateExpression(bound))
    return bound.templateSpans.flatMap((span) => openParameters(span.expression, bindings));
  if (ts.isConditionalExpression(bound))
    return [bound.whenTrue, bound.whenFalse].flatMap((branch) => openParameters(branch, bindings));
  const parameter = parameterOf(bound);
  return parameter === undefined ? [] : [parameter];
}

/** A problem that is a parameter as a whole; of one that merely mentions parameters the text is clear enough. */
const wholeText = (problem: ts.Expression | undefined): ts.Expression | undefined =>
  problem !== undefined && ts.isIdentifier(problem) ? problem : undefined;

/** Parameters spread into an issue that states its problem nowhere else. */
const openSpreads = (literal: ts.ObjectLiteralExpression, bindings: Bindings): readonly ts.ParameterDeclaration[] =>
  memberOf(literal, "problem", bindings) !== undefined
    ? []
    : literal.properties.flatMap((property) =>
        ts.isSpreadAssignment(property) ? (parameterOf(boundTo(property.expression, bindings)) ?? []) : [],
      );

/** What turns an expression into text. */
interface Reading {
  readonly bindings: Bindings;
  readonly choose: Choose;
  /** The text of a number that has a name. */
  constantOf(identifier: ts.Identifier): string | undefined;
}

/** The text of an expression, as far as it can be read; parts that only a run knows become "<name>" or "…". */
function textOf(expression: ts.Expression, reading: Reading): string {
  const bound = boundTo(expression, reading.bindings);
  if (ts.isStringLiteralLike(bound) || ts.isNumericLiteral(bound)) return bound.text;
  if (ts.isTemplateExpression(bound))
    return bound.templateSpans.reduce(
      (text, span) => text + textOf(span.expression, reading) + span.literal.text,
      bound.head.text,
    );
  if (ts.isConditionalExpression(bound)) {
    const [yes, no] = [bound.whenTrue, bound.whenFalse].map((branch) => textOf(branch, reading));
    // "1 step" or "2 steps" is one text, not two.
    if (yes === "" || no === "") return `${yes}${no}`;
    return reading.choose(bound.condition.getText()) ? (yes ?? "") : (no ?? "");
  }
  if (ts.isIdentifier(bound)) return reading.constantOf(bound) ?? `<${bound.text}>`;
  if (ts.isPropertyAccessExpression(bound) && ts.isIdentifier(bound.expression))
    return bound.getText() === "op.name" ? "<op>" : `<${bound.name.text}>`;
  return "…";
}

/** The text of a problem; undefined when it is nothing but a placeholder. */
function textOrNothing(problem: ts.Expression | undefined, reading: Reading): string | undefined {
  const text = problem === undefined ? "…" : textOf(problem, reading);
  return /^(…|<\w+>)$/.test(text) ? undefined : text;
}

/** Finds the number that a name stands for, at the top of its own file or of the one that it is imported from. */
function constantFinder(sources: readonly Source[], imports: Imports): Reading["constantOf"] {
  const constants = new Map<string, string>();
  for (const { ast } of sources)
    for (const statement of ast.statements)
      if (ts.isVariableStatement(statement))
        for (const { name, initializer } of statement.declarationList.declarations) {
          const text = initializer?.getText() ?? "";
          if (/^[\d_* ]+$/.test(text))
            constants.set(`${ast.fileName} ${name.getText()}`, text.replace(" ** ", "^").replaceAll("_", ""));
        }
  return (identifier) => {
    const path = identifier.getSourceFile().fileName;
    const from = imports.get(path)?.get(identifier.text) ?? path;
    return constants.get(`${from} ${identifier.text}`);
  };
}

/** All that `make` gives, for every way in which the conditions that it asks about can turn out. */
function alternatives<T>(make: (choose: Choose) => T): readonly T[] {
  const results: T[] = [];
  const pending: ReadonlyMap<string, boolean>[] = [new Map()];
  for (let known = pending.pop(); known !== undefined; known = pending.pop()) {
    const decided = known;
    let unknown: string | undefined;
    const result = make((condition) => {
      const choice = decided.get(condition);
      if (choice === undefined) unknown ??= condition;
      return choice ?? true;
    });
    if (unknown === undefined) results.push(result);
    else for (const choice of [false, true]) pending.push(new Map(decided).set(unknown, choice));
  }
  return results;
}

/** Finds the calls of a function by its name, in its own file and in those that import it. */
function callFinder(
  sources: readonly Source[],
  imports: Imports,
): (called: AnyFunction) => readonly ts.CallExpression[] {
  const calls = new Map<string, ts.CallExpression[]>();
  for (const { ast } of sources)
    visit(ast, (node) => {
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return;
      const { text } = node.expression;
      calls.set(text, [...(calls.get(text) ?? []), node]);
    });
  return (called) => {
    const name = nameOf(called);
    const file = called.getSourceFile().fileName;
    return (calls.get(name) ?? []).filter((call) => {
      const path = call.getSourceFile().fileName;
      const from = imports.get(path)?.get(name);
      return path === file || from === file || (from !== undefined && file.startsWith(`${from}/`));
    });
  };
}

/** By file, and in it by name. */
type Imports = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** By name: the file that it is imported from, or for other packages of this repository their folder. */
function namesImported(source: Source): ReadonlyMap<string, string> {
  const paths = new Map(importsOf(source).map(({ specifier, path }) => [specifier, path]));
  return new Map(
    source.ast.statements.flatMap((statement) => {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
      const bindings = statement.importClause?.namedBindings;
      if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
      const specifier = statement.moduleSpecifier.text;
      const from = paths.get(specifier) ?? specifier.replace(/^@latchgrad\//, "packages/");
      return bindings.elements.map(({ name }): [string, string] => [name.text, from]);
    }),
  );
}

function nameOf(node: AnyFunction): string {
  if (node.name !== undefined) return node.name.text;
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : "";
}
