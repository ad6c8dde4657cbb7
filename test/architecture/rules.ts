// The architecture rules. Each takes source files and returns its problems as sentences, so that a rule can be tried on
// a made-up file as well as on the repository.
import { builtinModules } from "node:module";
import ts from "typescript";
import { packageNames, portablePackages } from "../../scripts/lib/packages.mjs";
import { importsOf, placeOf, visit, type Source } from "./source";

export type Rule = (sources: readonly Source[]) => readonly string[];

/** The folders of core, from left to right. */
const coreFolders = "errors shape ir kernel ops graph notation autodiff passes codegen runtime".split(" ");

const packageOf = (path: string): string => path.split("/")[1] ?? "";

/** Packages import only packages to their left. */
export const packageOrder: Rule = (sources) =>
  eachImport(sources, ({ path }, specifier) => {
    const imported = /^@latchgrad\/([^/]+)/.exec(specifier)?.[1];
    if (imported === undefined || isLeftOf(packageNames, imported, packageOf(path))) return undefined;
    return `may not import ${specifier}; the order is ${packageNames.join(" → ")}`;
  });

/** Relative imports stay inside a package's sources, or are documents of the package; other packages are imported by name. */
export const packageBorders: Rule = (sources) =>
  eachImport(sources, ({ path }, specifier, target) =>
    target === undefined ||
    target.startsWith(`packages/${packageOf(path)}/src/`) ||
    (target.startsWith(`packages/${packageOf(path)}/`) && specifier.endsWith(".json"))
      ? undefined
      : `may not import ${specifier}, which is outside the sources of the package`,
  );

/** Folders of core import only themselves and folders to their left. */
export const folderOrder: Rule = (sources) => {
  const inCore = sources.filter(({ path }) => path.startsWith("packages/core/src/"));
  const unknown = inCore
    .filter(({ path }) => !isTopFile(path) && !coreFolders.includes(coreFolderOf(path)))
    .map(({ path }) => `${path}: unknown folder; add it to the order in test/architecture/rules.ts and to the design`);
  const backwards = eachImport(inCore, ({ path }, specifier, target) => {
    if (target === undefined || isTopFile(path)) return undefined;
    const [from, to] = [coreFolderOf(path), coreFolderOf(target)];
    if (from === to || isLeftOf(coreFolders, to, from)) return undefined;
    return `may not import ${specifier}; the order is ${coreFolders.join(" → ")}`;
  });
  return [...unknown, ...backwards];
};

const coreFolderOf = (path: string): string => path.split("/")[3] ?? "";

/** index.ts (and node.ts, should it come) stand above the folders and may import them all. */
const isTopFile = (path: string): boolean => /^packages\/[^/]+\/src\/(index|node)\.ts$/.test(path);

/** Portable packages run in a browser: only a file named src/node.ts may import modules of Node. */
export const noNodeModules: Rule = (sources) =>
  eachImport(sources, ({ path }, specifier) => {
    const portable = portablePackages.includes(packageOf(path)) && !path.endsWith("/src/node.ts");
    return portable && isNodeModule(specifier) ? `may not import ${specifier}` : undefined;
  });

export const isNodeModule = (specifier: string): boolean =>
  specifier.startsWith("node:") || builtinModules.includes(specifier);

/** Files import each other without cycles; types count too. */
export const noCycles: Rule = (sources) => {
  const targets = new Map(sources.map((source) => [source.path, importsOf(source).flatMap(({ path }) => path ?? [])]));
  const cycles: string[] = [];
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (trail.includes(path) || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const path of targets.keys()) walk(path, []);
  return cycles;
};

/** Outside core/src/ops nobody asks for an op's name; passes ask the op object what they need to know. */
export const noOpNames: Rule = (sources) =>
  eachNode(
    sources.filter(({ path }) => !path.startsWith("packages/core/src/ops/")),
    (node) => {
      if (ts.isSwitchStatement(node) && namesAnOp(node.expression))
        return node.caseBlock.clauses.some((clause) => ts.isCaseClause(clause) && isWord(clause.expression));
      if (ts.isBinaryExpression(node) && equality.has(node.operatorToken.kind))
        return (namesAnOp(node.left) && isWord(node.right)) || (isWord(node.left) && namesAnOp(node.right));
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
      const { expression: list, name } = node.expression;
      return name.text === "includes" && ts.isArrayLiteralExpression(list) && node.arguments.some(namesAnOp);
    },
    "decides by the name of an op; give ops a property that says what is meant",
  );

const equality = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
]);

/** Is this `op`, `node.op`, `opName`, `node.op.name` or the like? */
const namesAnOp = (node: ts.Expression): boolean => /(^|\.)(op|opName)(\??\.name)?$/.test(node.getText());

/** A quoted word. The signs of an equation ("+") are no op names. */
const isWord = (node: ts.Expression): boolean => ts.isStringLiteralLike(node) && /^[a-z]/i.test(node.text);

/** No test is switched off, and none is run alone. */
export const noSkippedTests: Rule = (sources) =>
  eachNode(
    sources,
    (node) => {
      if (ts.isPropertyAccessExpression(node))
        return (
          /^(skip|only|todo)$/.test(node.name.text) &&
          /^(test|it|describe|suite|bench|property|context|ctx)\b/.test(node.getText())
        );
      return (
        ts.isPropertyAssignment(node) &&
        /^(skip|only|todo)$/.test(node.name.getText()) &&
        node.initializer.kind === ts.SyntaxKind.TrueKeyword
      );
    },
    "skips tests, or leaves all others out",
  );

/** In `order`, is `a` strictly left of `b`? */
const isLeftOf = (order: readonly string[], a: string, b: string): boolean =>
  order.includes(a) && order.indexOf(a) < order.indexOf(b);

function eachImport(
  sources: readonly Source[],
  problemOf: (source: Source, specifier: string, target: string | undefined) => string | undefined,
): readonly string[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap(({ specifier, path }) => {
      const problem = problemOf(source, specifier, path);
      return problem === undefined ? [] : [`${source.path} ${problem}`];
    }),
  );
}

function eachNode(sources: readonly Source[], isBad: (node: ts.Node) => boolean, problem: string): readonly string[] {
  const problems: string[] = [];
  for (const source of sources)
    visit(source.ast, (node) => {
      if (isBad(node)) problems.push(`${placeOf(source, node)} ${problem}`);
    });
  return problems;
}
