// Engines and pages without WebAssembly, without vectors or memory for it, or with a policy against it: said in words, and the reference executor runs.
import { expect, test, vi } from "vitest";
import { CompileError } from "../src/errors/errors.js";
import type { Issue } from "../src/errors/issue.js";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import { memoryOf } from "../src/runtime/memory.js";
import { hasRelaxedSimd } from "../src/runtime/wasm-support.js";
import { f32 } from "../src/shape/tensor-type.js";

function doubled(): Graph {
  const g = buildGraph("doubled");
  return g.build({ y: g.mul(g.param("x", f32(2)), 2) });
}

async function refusal(): Promise<Issue> {
  const error: unknown = await compile(doubled()).catch((reason: unknown) => reason);
  if (!(error instanceof CompileError)) throw error;
  return error.issues[0];
}

async function expectReferenceToRun(): Promise<void> {
  const executable = await compile(doubled(), { executor: "reference" });
  const { y } = await executable.run({ x: { dtype: "f32", dims: [2], data: Float32Array.of(1, 2) } });
  expect([...y.data]).toEqual([2, 4]);
}

test("without WebAssembly", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  expect(hasRelaxedSimd()).toBe(false);
  expect(memoryOf(doubled(), {}).bytes).toBeGreaterThan(0);
  expect(await refusal()).toMatchObject({
    code: "compile.engine",
    at: { kind: "value", name: "graph doubled" },
    received: expect.stringContaining("no WebAssembly") as string,
  });
  await expectReferenceToRun();
});

test("with WebAssembly that has no vectors", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(await refusal()).toMatchObject({ code: "compile.engine", received: "WebAssembly without SIMD" });
  await expectReferenceToRun();
});

test("where a policy forbids it, in the words of the engine", async () => {
  const problem = "violates the following Content Security policy directive";
  vi.spyOn(WebAssembly, "Module").mockImplementation(function refuse() {
    throw new WebAssembly.CompileError(problem);
  });
  expect(await refusal()).toMatchObject({
    code: "compile.engine",
    received: problem,
    hint: expect.stringContaining("script-src 'wasm-unsafe-eval'") as string,
  });
  await expectReferenceToRun();
});

test("where its memory is refused, until it is granted", async () => {
  const executable = await compile(doubled());
  const input = { x: { dtype: "f32", dims: [2], data: Float32Array.of(1, 2) } } as const;
  const refusing = vi.spyOn(WebAssembly, "Memory").mockImplementation(function refuse() {
    throw new RangeError("could not allocate memory");
  });
  const error: unknown = await executable.run(input).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CompileError);
  expect(error).toMatchObject({ issues: [{ code: "compile.memory-refused", at: { name: "graph doubled" } }] });
  refusing.mockRestore();
  expect([...(await executable.run(input)).y.data]).toEqual([2, 4]);
});
