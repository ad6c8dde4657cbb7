/** How much memory the runs of a graph need, which is known before anything runs, and which tensors need it. */
import type { Observer } from "../codegen/observer.js";
import type { Precision } from "../codegen/lanes-target.js";
import { lower } from "../codegen/lower.js";
import { mostAlive, planMemory } from "../codegen/plan-memory.js";
import { placesOf, type Buffer, type Step } from "../codegen/program.js";
import { CompileError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import { bindGraph } from "../graph/bind.js";
import { expandRegions } from "../graph/expand.js";
import { checkGraph } from "../graph/verify.js";
import type { Graph } from "../ir/graph.js";
import { allPasses, loopPasses } from "../passes/index.js";
import { runPasses } from "../passes/pass.js";
import type { DimBindings } from "../shape/dim.js";
import { rowsOfLoops } from "./loop-rows.js";
import { MOST_BYTES } from "./views.js";
import { grantedPrecision } from "./wasm-support.js";

/** A tensor of the memory plan. */
export interface PlannedTensor {
  readonly bytes: number;
  /** A parameter's name, or that of the value as the printed graph has it; its source where nodes were fused. */
  readonly name: string;
  /** What the node came from, such as a pointer into a config. */
  readonly origin?: string | undefined;
  /** Whether it has a row for every step of a loop: what is kept for the way back. */
  readonly stacked: boolean;
}

export interface MemoryUse {
  /** All that the runs take: parameters, state, and what is alive during a run. Never more while running. */
  readonly bytes: number;
  /** The largest sum of bytes that are alive at the same moment. No plan takes less. */
  readonly alive: number;
  /** All tensors, the largest first. */
  readonly tensors: readonly PlannedTensor[];
}

/**
 * The memory of a compiled graph whose symbols have these sizes, without running it. `precision` is that of the runs: tiles of products
 * differ in size, and with them copies of factors. Throws GraphError when the graph breaks
 * an invariant, and ShapeError or RunError for sizes that are missing or do not fit.
 */
export function memoryOf(
  graph: Graph,
  sizes: DimBindings,
  { threads = 1, precision = "fast" }: { readonly threads?: number; readonly precision?: Precision } = {},
): MemoryUse {
  checkGraph(graph);
  const optimized = runPasses(graph, allPasses);
  const compiled = runPasses(expandRegions(bindGraph(optimized, sizes)), loopPasses);
  return memoryOfCompiled(compiled, threads, grantedPrecision(precision));
}

/** The same for a graph as it is lowered: without symbols, its passes run. */
function memoryOfCompiled(compiled: Graph, threads: number, precision: Precision): MemoryUse {
  const owners = observeOwners();
  const program = lower(compiled, precision, { observer: owners.observer });
  const ports = new Map([...program.outputs, ...program.inputs].map(({ buffer, name }) => [buffer, name]));
  const tensors = program.buffers.map((buffer): PlannedTensor => {
    const owner = owners.of.get(buffer);
    return {
      bytes: buffer.bytes,
      name: ports.get(buffer) ?? owner?.name ?? "constant",
      origin: owner?.origin,
      stacked: owner?.stacked ?? false,
    };
  });
  return {
    bytes: planMemory(program, threads).bytes,
    alive: mostAlive(program, threads),
    tensors: tensors.sort((a, b) => b.bytes - a.bytes),
  };
}

type Owner = Omit<PlannedTensor, "bytes">;

/** Notes for which node each buffer is first touched, which is when it is written. Adds no steps. */
function observeOwners(): { readonly observer: Observer; readonly of: ReadonlyMap<Buffer, Owner> } {
  const of = new Map<Buffer, Owner>();
  const around: Pick<Owner, "name" | "origin">[] = [];
  const note = (step: Step): void => {
    const owner = around.at(-1);
    if (owner === undefined) return;
    for (const { buffer, perStep } of placesOf(step))
      if (!of.has(buffer)) of.set(buffer, { ...owner, stacked: perStep.length > 0 });
  };
  const observer: Observer = {
    apart: false,
    enter(_, nodes) {
      const last = nodes[nodes.length - 1];
      around.push({ name: `%${last.names[0]}`, origin: last.origin });
    },
    leave() {
      around.pop();
    },
    appended(_, step) {
      note(step);
    },
    loop: () => undefined,
  };
  return { observer, of };
}

/** How many of the largest tensors an error about memory names. */
const NAMED_TENSORS = 5;

const amount = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 10).toFixed(1)} KiB`;

const described = ({ bytes, name, origin, stacked }: PlannedTensor): string =>
  `${amount(bytes)} of ${name}${origin === undefined ? "" : ` (${origin})`}${stacked ? ", a row per step" : ""}`;

/** From which part of the plan on the rows of loops count: below, other tensors are what is large. */
const PART_OF_LOOPS = 0.1;

/** How many places of loops an error names. */
const NAMED_LOOPS = 3;

/** What would help: rows that a loop keeps for all steps can be made for some at a time instead. */
function hintFor(compiled: Graph, bytes: number): string {
  const rows = rowsOfLoops(compiled);
  if (rows.bytes < PART_OF_LOOPS * bytes) return "a smaller batch, shorter sequences, or fewer units";
  const where = rows.origins.length === 0 ? "" : ` of ${rows.origins.slice(0, NAMED_LOOPS).join(", ")}`;
  return `checkpoint: "sqrt" on the loops${where}, which keep rows for all of their steps; or a smaller batch, or shorter sequences`;
}

/** The error for a plan of `bytes` that is above `limit`. */
export function tooLarge(
  graph: string,
  compiled: Graph,
  bytes: number,
  limit: number,
  precision: Precision,
): CompileError {
  const { tensors } = memoryOfCompiled(compiled, 1, precision);
  const largest = tensors.slice(0, NAMED_TENSORS);
  const issue: Issue = {
    code: "compile.memory",
    problem: "the memory that a run needs is within its limit",
    at: { kind: "value", name: `graph ${graph}` },
    expected: `at most ${amount(limit)}${limit === MOST_BYTES ? ", which is what a WebAssembly module can have" : ""}`,
    received: `${amount(bytes)}; the largest tensors: ${largest.map(described).join("; ")}`,
    hint: hintFor(compiled, bytes),
  };
  return new CompileError([issue]);
}

/** The error for a memory that the engine or the machine does not grant. */
export const notGranted = (graph: string, bytes: number): CompileError =>
  new CompileError([
    {
      code: "compile.memory-refused",
      problem: "the machine has the memory that a run needs",
      at: { kind: "value", name: `graph ${graph}` },
      received: `${amount(bytes)}, which was refused`,
      hint: "a smaller batch, shorter sequences, checkpoint on loops, or fewer executables at a time",
    },
  ]);

/** Throws CompileError for a limit that is none. */
export function checkMemoryLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_BYTES) return;
  throw new CompileError([
    {
      code: "compile.memory-limit",
      problem: "the limit of memory is a whole number of bytes",
      at: { kind: "value", name: "memoryLimit" },
      expected: `1 to ${MOST_BYTES}`,
      received: String(limit),
    },
  ]);
}
