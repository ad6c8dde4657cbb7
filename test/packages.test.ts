// Each package is published by itself: packed, installed into an empty project that holds nothing but what it declares,
// and imported in a fresh process. Needs a build, which `npm test` makes before it runs the tests.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packAll } from "../scripts/lib/pack.mjs";
import { packageFolder, packageNames, portablePackages, readManifest } from "../scripts/lib/packages.mjs";
import { npm } from "../scripts/lib/run.mjs";
import { isNodeModule } from "./architecture/rules";
import { importsOf, parseSource } from "./architecture/source";

const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "latchgrad-packages-"));
const tarballs = new Map<string, string>();

beforeAll(async () => {
  for (const { name, tarball } of await packAll(folder)) tarballs.set(name, tarball);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Prints what an import changed in its process; nothing, if all is well. */
const importAndCompare = (name: string): string => `
  const look = () => [...Object.getOwnPropertyNames(globalThis), ...process.eventNames().map(String)];
  const before = look();
  await import(${JSON.stringify(name)});
  // zod keeps its registry in two global variables; nothing else may add any, nor listen to the process.
  const added = look().filter((name) => !before.includes(name) && !name.startsWith("__zod_"));
  if (added.length > 0) console.log("the import added", added);
`;

describe.each(packageNames)("the package %s", (name) => {
  const project = join(folder, name);

  beforeAll(async () => {
    mkdirSync(project);
    const dependencies = Object.fromEntries(
      installedWith(name).map((dependency) => [dependency.name, `file:${dependency.path}`]),
    );
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, dependencies }));
    const { code, output } = await npm(["install", "--offline", "--no-audit", "--no-fund"], { cwd: project });
    if (code !== 0) throw new Error(`npm install failed:\n${output}`);
  });

  test("declares versions, not places in the workspace", () => {
    const versions = Object.values(readManifest(installedFolder(name)).dependencies ?? {});
    expect(versions.filter((version) => !/^\^?\d/.test(version))).toEqual([]);
  });

  test("is imported without a trace, and the process ends by itself", async () => {
    const args = ["--input-type=module", "--eval", importAndCompare(`@latchgrad/${name}`)];
    const { stdout, stderr } = await execute(process.execPath, args, { cwd: project, timeout: 30_000 });
    expect(stdout + stderr).toBe("");
  });
});

test.each(portablePackages)("the built package %s imports no module of Node", (name) => {
  const dist = join(installedFolder(name), "dist");
  const files = readdirSync(dist).filter((file) => file.endsWith(".js") && file !== "node.js");
  const imports = files.flatMap((file) => importsOf(parseSource(file, readFileSync(join(dist, file), "utf8"))));
  expect(files).toContain("index.js");
  expect(imports.filter(({ specifier }) => isNodeModule(specifier))).toEqual([]);
});

function installedFolder(name: string): string {
  return join(folder, name, "node_modules", "@latchgrad", name);
}

/** A package and all that it declares, directly or not; nothing else, so that a missing declaration shows. */
function installedWith(name: string): readonly { readonly name: string; readonly path: string }[] {
  const own = Object.keys(readManifest(packageFolder(name)).dependencies ?? {});
  const needed = own.flatMap((dependency) => {
    const sibling = /^@latchgrad\/(.+)$/.exec(dependency)?.[1];
    // Other people's packages come from this repository's node_modules, so that the test needs no network.
    if (sibling === undefined)
      return [{ name: dependency, path: realpathSync(join(packageFolder(name), "node_modules", dependency)) }];
    return installedWith(sibling);
  });
  return [...needed, { name: `@latchgrad/${name}`, path: tarballs.get(`@latchgrad/${name}`) ?? "" }];
}
