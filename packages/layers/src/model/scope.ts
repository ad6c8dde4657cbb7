/**
 * Names in a list of layers: which element of the document each one means. A group has names of its own, and those around it are
 * known inside; where two are equal, the inner one is meant.
 */
import { joinPointer, suggestName, type Issue } from "@latchgrad/core";
import { configIssue } from "../config/refuse.js";
import type { LayerConfig } from "../layers/composition.js";

/** An element of a list of layers where it stands, or one of its repetitions. */
export interface Element {
  readonly config: LayerConfig;
  /** Path of names: "decoder.memory2". */
  readonly name: string;
  /** Path that the names of its weights start with: its own, or that of the element whose weights it shares. */
  readonly weights: string;
  /** JSON pointer of the config. */
  readonly pointer: string;
  /** Whether neither it nor a group around it is frozen. */
  readonly trainable: boolean;
  /** Where the names in its config are looked up. */
  readonly scope: Scope;
  /** With "repeat": the elements that it stands for. */
  readonly repetitions: readonly Element[] | undefined;
}

/** What a name means. */
export type Binding =
  | { readonly kind: "source"; readonly name: string }
  | { readonly kind: "element"; readonly element: Element }
  /** What a group reads. */
  | { readonly kind: "input"; readonly group: Element };

export interface Scope {
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly outer: Scope | undefined;
}

/** A list of layers with the names that it declares. */
export interface LayerList {
  readonly scope: Scope;
  readonly elements: readonly Element[];
}

/** How the layers of a group call what the group reads. */
export const GROUP_INPUT = "input";

/** What a name means in a scope. */
export function findBinding(scope: Scope, name: string): Binding | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const binding = at.bindings.get(name);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

/** The issue of a name that means nothing. */
export function unknownName(scope: Scope, name: string, pointer: string): Issue {
  const known: string[] = [];
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) known.push(...at.bindings.keys());
  return configIssue("unknown-name", pointer, {
    problem: `no input or layer is called "${name}"`,
    hint: suggestName(name, [...new Set(known)]),
  });
}

/** The last name of a path. */
export const ownName = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** The names that an element takes: its own, and those of its repetitions. */
const namesTaken = (name: string, repeat: number | undefined): readonly string[] =>
  repeat === undefined ? [name] : [name, ...Array.from({ length: repeat }, (_, i) => `${name}${i + 1}`)];

/** The elements' names: their own, or their type, with a number where that is taken ("dense", "dense2"). */
function elementNames(configs: readonly LayerConfig[], reserved: readonly string[]): readonly string[] {
  const taken = new Set([
    ...reserved,
    ...configs.flatMap(({ name, repeat }) => (name === undefined ? [] : namesTaken(name, repeat))),
  ]);
  return configs.map(({ name, type, repeat }) => {
    if (name !== undefined) return name;
    let free: string = type;
    for (let n = 2; namesTaken(free, repeat).some((each) => taken.has(each)); n++) free = `${type}${n}`;
    for (const each of namesTaken(free, repeat)) taken.add(each);
    return free;
  });
}

/** Names that two elements of one list have, in this list and in those of its groups. */
export function nameIssues(
  configs: readonly LayerConfig[],
  reserved: ReadonlyMap<string, string>,
  pointer: string,
): readonly Issue[] {
  const seen = new Map(reserved);
  return configs.flatMap((config, i) => {
    const at = joinPointer(pointer, i);
    const { name } = config;
    const issues: Issue[] = [];
    if (name !== undefined) {
      const nameAt = joinPointer(at, "name");
      const twice = namesTaken(name, config.repeat).find((each) => seen.has(each));
      if (twice !== undefined)
        issues.push(
          configIssue("duplicate-name", nameAt, {
            problem: `"${twice}" names one thing only`,
            received: `also ${seen.get(twice) ?? ""}`,
          }),
        );
      for (const each of namesTaken(name, config.repeat)) if (!seen.has(each)) seen.set(each, nameAt);
    }
    if (config.type === "group") {
      const inside = new Map([[GROUP_INPUT, "what the group reads"]]);
      issues.push(...nameIssues(config.layers, inside, joinPointer(at, "layers")));
    }
    return issues;
  });
}

/** What a list of layers stands in. */
export interface Surroundings {
  /** In front of the names of its elements, with a dot at the end; empty outside of groups. */
  readonly path: string;
  /** The same for the names of weights. */
  readonly weights: string;
  readonly pointer: string;
  readonly trainable: boolean;
  /** What is known besides the elements, in the scope of the list. */
  readonly given: ReadonlyMap<string, Binding>;
  /** Names that elements without a name do not get. */
  readonly reserved: readonly string[];
  readonly outer: Scope | undefined;
}

/** Declares the elements of a list, whose names are known to differ. */
export function declareLayers(configs: readonly LayerConfig[], around: Surroundings): LayerList {
  const bindings = new Map<string, Binding>(around.given);
  const scope: Scope = { bindings, outer: around.outer };
  const names = elementNames(configs, around.reserved);
  const elements = configs.map((config, i): Element => {
    const elementOf = (name: string, repetitions?: readonly Element[]): Element => {
      const element: Element = {
        config,
        name: around.path + name,
        weights: around.weights + name,
        pointer: joinPointer(around.pointer, i),
        trainable: around.trainable && ("trainable" in config ? config.trainable : true),
        scope,
        repetitions,
      };
      bindings.set(name, { kind: "element", element });
      return element;
    };
    const [name, ...repeated] = namesTaken(names[i], config.repeat);
    return elementOf(name, repeated.length === 0 ? undefined : repeated.map((each) => elementOf(each)));
  });
  return { scope, elements };
}
