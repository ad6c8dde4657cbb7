// Source files as data, and what they import: the ground that the architecture rules stand on.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import ts from "typescript";
import { root } from "../../scripts/lib/packages.mjs";

export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly ast: ts.SourceFile;
}

export interface Import {
  readonly specifier: string;
  /** The path of the imported file, for relative imports. */
  readonly path?: string;
}

/** Folders that no rule looks into: other people's code and what commands make. */
const skipped = new Set(["node_modules", "dist", ".git", ".reports", "reference", "fixtures"]);

/** Paths, relative to the root, of the files below a folder whose names end in `ending`. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = relative(root, join(root, folder, entry.name))
      .split(sep)
      .join("/");
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

export const readSource = (path: string): Source => parseSource(path, readFileSync(join(root, path), "utf8"));

export const parseSource = (path: string, text: string): Source => ({
  path,
  ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
});

/** Calls `look` on every node of a tree. */
export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => {
    visit(child, look);
  });
}

/** `file.ts:12` for messages. */
export const placeOf = ({ path, ast }: Source, node: ts.Node): string =>
  `${path}:${ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1}`;

/** Everything a file imports, in any form: static, type-only, dynamic, re-exported. */
export function importsOf(source: Source): readonly Import[] {
  const imports: Import[] = [];
  visit(source.ast, (node) => {
    const specifier = moduleOf(node);
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    imports.push(
      specifier.text.startsWith(".")
        ? { specifier: specifier.text, path: fileOf(posix.join(dirname(source.path), specifier.text)) }
        : { specifier: specifier.text },
    );
  });
  return imports;
}

function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
}

/** The source file that a relative import means, with or without an ending. */
function fileOf(path: string): string {
  const stem = path.replace(/\.[jt]s$/, "");
  const candidates = [`${stem}.ts`, `${path}.ts`, `${path}/index.ts`];
  return candidates.find((file) => existsSync(join(root, file))) ?? `${stem}.ts`;
}
