/**
 * An engine runs one graph at one set of sizes; the executable around it checks
 * inputs, chooses the engine for their sizes, and hands state from one to the next.
 */
import { RunError } from "../errors/errors.js";
import { suggestName } from "../errors/suggest.js";
import { bindingsOf } from "../graph/evaluate.js";
import type { Graph, Param } from "../ir/graph.js";
import type { DimBindings } from "../shape/dim.js";
import { elementCount } from "../shape/strides.js";
import type { TensorData } from "../shape/tensor-data.js";
import type { Tensor } from "../shape/tensor.js";
import { formatType } from "../shape/tensor-type.js";
import type { Executable, TensorsByName } from "./executable.js";
import type { Turns } from "./turns.js";

/** State and inputs are in the order of the graph's parameters that are, and are not, state; outputs likewise without next states. */
export interface Engine {
  /** Replaces the state. */
  load(state: readonly TensorData[]): void;
  /** A copy of the state. */
  save(): readonly TensorData[];
  /** State advances only when this succeeds. Throws RunError. */
  run(inputs: readonly TensorData[]): readonly TensorData[] | Promise<readonly TensorData[]>;
  /** Lets go of what is not freed by itself. */
  remove(): void;
}

/** A graph with its parameters and outputs sorted by role. */
export interface Interface {
  readonly graph: Graph;
  readonly state: readonly Param[];
  readonly inputs: readonly Param[];
  /** Names of the outputs that are not next states. */
  readonly outputs: readonly string[];
}

export function interfaceOf(graph: Graph): Interface {
  const stateNames = new Set(graph.state.map(({ param }) => param));
  const nextNames = new Set(graph.state.map(({ next }) => next));
  return {
    graph,
    state: graph.params.filter((param) => stateNames.has(param.name)),
    inputs: graph.params.filter((param) => !stateNames.has(param.name)),
    outputs: graph.outputs.map((output) => output.name).filter((name) => !nextNames.has(name)),
  };
}

const typeOf = ({ dtype, dims }: TensorData): Tensor["type"] => ({ dtype, dims });

function refuse(name: string, problem: string, facts: { expected?: string; received?: string; hint?: string }): never {
  throw new RunError([{ code: "run.input", problem, at: { kind: "value", name }, ...facts }]);
}

/** Of what a caller without types may give: whether its elements are numbers, and not bigints or truths. */
const areNumbers = (data: unknown): boolean =>
  Array.isArray(data)
    ? (data as readonly unknown[]).every((element) => typeof element === "number")
    : !(data instanceof BigInt64Array || data instanceof BigUint64Array);

/** Throws for what a caller without types may give in place of tensors by name. */
function checkTensors(given: unknown, kind: string): void {
  if (typeof given !== "object" || given === null)
    refuse(`${kind}s`, `every ${kind} is given by its name`, {
      expected: "an object of tensors",
      received: String(given),
    });
  for (const [name, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    const { dtype, dims, data } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const isTensor =
      typeof dtype === "string" && Array.isArray(dims) && (ArrayBuffer.isView(data) || Array.isArray(data));
    if (!isTensor)
      refuse(`${kind} ${name}`, "a value is a tensor", {
        expected: "{ dtype, dims, data }",
        received: typeof value === "object" && value !== null ? `keys ${Object.keys(value).join(", ")}` : String(value),
      });
    if (!areNumbers(data))
      refuse(`${kind} ${name}`, "the elements of a tensor are numbers", {
        received: Object.prototype.toString.call(data).slice("[object ".length, -1),
        hint: "as a Float32Array, Float64Array, Int32Array, Uint32Array, or a Uint8Array of 0 and 1",
      });
  }
}

function checkNames(given: readonly string[], known: readonly Param[], kind: string): void {
  const names = known.map((param) => param.name);
  for (const name of given)
    if (!names.includes(name))
      refuse(`${kind} ${name}`, `every ${kind} is known to the graph`, { hint: suggestName(name, names) });
}

function checkFilled(name: string, value: TensorData): void {
  if (value.data.length !== elementCount(value.dims))
    refuse(name, "the data fill the dims exactly", {
      expected: `${elementCount(value.dims)} elements for ${formatType(typeOf(value))}`,
      received: `${value.data.length} elements`,
    });
}

/** Engines kept for sizes that may come again: the usual batch, the last smaller one, some lengths. */
const MOST_ENGINES = 8;

/** What makes the engines of an executable, and what they share. */
export interface Engines {
  readonly threads: number;
  make(sorted: Interface, bindings: DimBindings): Promise<Engine>;
  /** Asked before each run. */
  readonly turns: Turns;
  /** Ends what they share. */
  stop(): void;
}

/** An executable over engines, one per set of sizes. `initial`: a value for every state parameter. */
export function executableOf(graph: Graph, initial: TensorsByName, shared: Engines): Executable {
  const sorted = interfaceOf(graph);
  const { state, inputs, outputs } = sorted;
  const engines = new Map<string, Promise<Engine>>();
  /** Where the state is: in the engine that ran last, or here before the first run. */
  let holder = heldHere([]);
  /** A run does not change them: the next state has the type of the state. */
  let stateTypes: ReadonlyMap<string, Tensor["type"]> = new Map();
  let disposed = false;
  /** Runs are one after the other, in the order of the calls. */
  let last: Promise<unknown> = Promise.resolve();

  const hold = (values: readonly TensorData[], by: (values: readonly TensorData[]) => void): void => {
    by(values);
    stateTypes = new Map(state.map((param, i) => [param.name, typeOf(values[i])]));
  };
  const refuseDisposed = (): void => {
    if (disposed) refuse(`graph ${graph.name}`, "an executable runs until it is disposed", {});
  };
  const inTurn = async <T>(action: () => T | Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      refuseDisposed();
      try {
        return await action();
      } catch (error) {
        // Whatever fails because it was disposed, such as threads that end.
        refuseDisposed();
        throw error;
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  /** Keeps those of the last few sizes. The state is no longer in one that goes. */
  const removeOldest = async (): Promise<void> => {
    const [oldest] = engines;
    if (engines.size <= MOST_ENGINES) return;
    engines.delete(oldest[0]);
    (await oldest[1]).remove();
  };
  const savedState = (): ReadonlyMap<string, TensorData> => {
    const values = holder.save();
    return new Map(state.map((param, i) => [param.name, values[i]]));
  };

  hold(checkedState(initial, new Map(), state), (checked) => {
    holder = heldHere(checked);
  });
  return {
    threads: shared.threads,
    run: async (given) =>
      inTurn(async () => {
        await shared.turns();
        refuseDisposed();
        checkTensors(given, "input");
        checkNames(Object.keys(given), inputs, "input");
        const bindings = bindingsOf(
          graph.params,
          (name) => stateTypes.get(name) ?? (Object.hasOwn(given, name) ? typeOf(given[name]) : undefined),
        );
        const values = inputs.map((param) => given[param.name]);
        values.forEach((value, i) => {
          checkFilled(`input ${inputs[i].name}`, value);
        });
        const key = JSON.stringify(bindings);
        const pending = engines.get(key) ?? shared.make(sorted, bindings);
        // Taken out first, so that the order is that of the last use.
        engines.delete(key);
        engines.set(key, pending);
        const engine = await pending.catch((error: unknown) => {
          // Memory that is refused may be granted later.
          engines.delete(key);
          throw error;
        });
        refuseDisposed();
        if (holder !== engine) engine.load(holder.save());
        holder = engine;
        await removeOldest();
        const results = await engine.run(values);
        refuseDisposed();
        return Object.fromEntries(outputs.map((name, i) => [name, results[i]]));
      }),
    readState: async () => inTurn(() => Object.fromEntries(savedState())),
    writeState: async (values) =>
      inTurn(() => {
        hold(checkedState(values, savedState(), state), (checked) => {
          holder.load(checked);
        });
      }),
    dispose() {
      disposed = true;
      engines.clear();
      shared.stop();
      holder = heldHere([]);
    },
  };
}

function heldHere(values: readonly TensorData[]): Pick<Engine, "load" | "save"> {
  let held = values;
  return {
    load(next) {
      held = next;
    },
    save: () => held.map(({ dtype, dims, data }) => ({ dtype, dims, data: data.slice() })),
  };
}

/** Values for all state parameters: new ones where given, else those before. */
function checkedState(
  given: TensorsByName,
  before: ReadonlyMap<string, TensorData>,
  state: readonly Param[],
): readonly TensorData[] {
  checkTensors(given, "state");
  checkNames(Object.keys(given), state, "state");
  return state.map((param) => {
    const value = Object.hasOwn(given, param.name) ? given[param.name] : before.get(param.name);
    if (value === undefined)
      return refuse(`state ${param.name}`, "every state parameter has an initial value", { received: "nothing" });
    bindingsOf([param], () => typeOf(value));
    checkFilled(`state ${param.name}`, value);
    return { dtype: value.dtype, dims: [...value.dims], data: value.data.slice() };
  });
}
