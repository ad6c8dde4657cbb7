/**
 * The layers of a model one by one: groups give way to their layers, repeated elements to their repetitions, and second uses to the
 * layers that they use once more. What a name means is known only when all are there; `Expansion.resolve` then says it.
 */
import { findNearest, joinPointer, type Issue } from "@latchgrad/core";
import { configIssue, throwIssues } from "../config/refuse.js";
import type { GroupConfig, LayerConfig, SharedConfig } from "../layers/composition.js";
import { MOST_LAYERS } from "../layers/layer.js";
import type { PlainLayerConfig } from "../layers/registry.js";
import {
  declareLayers,
  findBinding,
  GROUP_INPUT,
  ownName,
  unknownName,
  type Element,
  type LayerList,
  type Scope,
} from "./scope.js";

/** The place of a reference, and what it says or, where the document is silent, the element that is meant. */
export interface Mention {
  readonly pointer: string;
  readonly means: { readonly scope: Scope; readonly reference: string } | Element;
}

/** A layer in its place, with what it reads as the document says it. */
export interface PlacedLayer {
  readonly element: Element;
  readonly config: PlainLayerConfig;
  readonly inputs: readonly Mention[];
}

/** What an element became. */
type Expanded =
  | { readonly kind: "layer"; readonly layer: PlacedLayer }
  | { readonly kind: "group"; readonly members: ReadonlyMap<string, Element>; readonly last: Element };

/** What a reference means: an input or target of the task, or a layer; and what was said behind that. */
export type Resolved =
  | { readonly kind: "source"; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: "layer"; readonly layer: PlacedLayer; readonly rest: readonly string[] }
  | { readonly kind: "problem"; readonly issues: readonly Issue[] };

export interface Expansion {
  readonly layers: readonly PlacedLayer[];
  /** Problems with groups and second uses. */
  readonly issues: readonly Issue[];
  resolve(mention: Mention): Resolved;
}

const isElement = (means: Mention["means"]): means is Element => "config" in means;

/** How many layers a document asks for at least, without second uses: short documents must not ask for endless work. */
export const countLayers = (configs: readonly LayerConfig[]): number =>
  configs.reduce(
    (sum, config) => sum + (config.repeat ?? 1) * (config.type === "group" ? countLayers(config.layers) : 1),
    0,
  );

/** Layers, groups and second uses together. Uses of uses of groups multiply, even where no layer is in them. */
const MOST_ELEMENTS = 10 * MOST_LAYERS;

/** Replaces everything in a list by layers. `start` is what its first element reads. Throws ConfigError when these are too many. */
export function expandLayers(list: LayerList, start: Mention): Expansion {
  const layers: PlacedLayer[] = [];
  const issues: Issue[] = [];
  const results = new Map<Element, Expanded>();
  const inputsOfGroups = new Map<Element, Mention>();
  const listsOfGroups = new Map<Element, LayerList>();
  /** What is being expanded, outermost first. */
  const trail: { readonly config: LayerConfig; readonly name: string }[] = [];
  let count = 0;

  function expandList(elements: readonly Element[], first: Mention): void {
    let previous = first;
    for (const element of elements) {
      expandElement(element, { ...previous, pointer: element.pointer });
      previous = { pointer: element.pointer, means: element };
    }
  }

  /** `previous` is read where the document does not say otherwise. */
  function expandElement(element: Element, previous: Mention): void {
    const inputs = inputsOf(element, previous);
    if (element.repetitions === undefined) expandOne(element, inputs);
    else expandChain(element.repetitions, inputs);
  }

  /** Each reads the one before it in place of the first input. */
  function expandChain(elements: readonly Element[], [first, ...others]: readonly Mention[]): void {
    let read = first;
    for (const element of elements) {
      expandOne(element, [read, ...others]);
      read = { pointer: first.pointer, means: element };
    }
  }

  function expandOne(element: Element, inputs: readonly Mention[]): void {
    const { config } = element;
    if (++count > MOST_ELEMENTS) throwIssues([tooManyLayers("more")]);
    if (config.type === "shared") expandShared(element, config, inputs);
    else if (config.type === "group") expandGroup(element, config, inputs);
    else {
      const layer = { element, config, inputs };
      layers.push(layer);
      results.set(element, { kind: "layer", layer });
    }
  }

  function expandGroup(element: Element, config: GroupConfig, inputs: readonly Mention[]): void {
    const [input, ...others] = inputs;
    if (others.length > 0)
      issues.push(
        configIssue("input-count", joinPointer(element.pointer, "inputs"), {
          problem: "a group reads 1 input",
          received: String(inputs.length),
          hint: "its layers may refer to others outside by their names",
        }),
      );
    inputsOfGroups.set(element, input);
    const { scope, elements } = listOf(element, config);
    results.set(element, { kind: "group", members: elementsIn(scope), last: elements[elements.length - 1] });
    trail.push({ config, name: element.name });
    expandList(elements, input);
    trail.pop();
  }

  function expandShared(element: Element, config: SharedConfig, inputs: readonly Mention[]): void {
    const pointer = joinPointer(element.pointer, "layer");
    const target = findElement(element.scope, config.layer, pointer);
    if (target === undefined) return;
    if (target.config === config || trail.some((each) => each.config === target.config)) {
      refuseCycle(element, target, pointer);
      return;
    }
    trail.push({ config, name: element.name });
    if (target.repetitions === undefined) {
      const use = { ...target, name: element.name };
      expandOne(use, inputs);
      copyResult(use, element);
    } else {
      const uses = target.repetitions.map((each) => ({ ...each, name: `${element.name}.${ownName(each.name)}` }));
      expandChain(uses, inputs);
      results.set(element, {
        kind: "group",
        members: new Map(uses.map((use) => [ownName(use.name), use])),
        last: uses[uses.length - 1],
      });
    }
    trail.pop();
  }

  function refuseCycle(element: Element, target: Element, pointer: string): void {
    // It shows again at every use of what it goes through.
    if (issues.some(({ at }) => at.kind === "config" && at.pointer === pointer)) return;
    const from = trail.findIndex((each) => each.config === target.config);
    const names = [...trail.slice(Math.max(from, 0)), element].map(({ name }) => name);
    const received = [...new Set(names), target.name].join(" uses ");
    issues.push(configIssue("cycle", pointer, { problem: "nothing contains itself", received }));
  }

  function copyResult(from: Element, to: Element): void {
    const result = results.get(from);
    if (result !== undefined) results.set(to, result);
  }

  /** The layers of a group with their names. */
  function listOf(element: Element, config: GroupConfig): LayerList {
    const known = listsOfGroups.get(element);
    if (known !== undefined) return known;
    const made = declareLayers(config.layers, {
      path: `${element.name}.`,
      weights: `${element.weights}.`,
      pointer: joinPointer(element.pointer, "layers"),
      trainable: element.trainable,
      given: new Map([[GROUP_INPUT, { kind: "input", group: element }]]),
      reserved: [GROUP_INPUT],
      outer: element.scope,
    });
    listsOfGroups.set(element, made);
    return made;
  }

  /** What a second use uses. */
  function findElement(scope: Scope, reference: string, pointer: string): Element | undefined {
    const [name, ...path] = reference.split(".");
    const binding = findBinding(scope, name);
    let found = binding?.kind === "element" ? binding.element : undefined;
    for (const step of path) {
      const group = found?.repetitions?.at(-1) ?? found;
      found = group?.config.type === "group" ? elementsIn(listOf(group, group.config).scope).get(step) : undefined;
    }
    if (found !== undefined) return found;
    if (binding === undefined) issues.push(unknownName(scope, name, pointer));
    else
      issues.push(
        configIssue("not-a-layer", pointer, {
          problem: `"${reference}" is a layer or a group, and can be used once more`,
        }),
      );
    return undefined;
  }

  function resolve({ pointer, means }: Mention): Resolved {
    if (isElement(means)) return resolveElement(means, [], pointer, means.name);
    const [name, ...rest] = means.reference.split(".");
    const binding = findBinding(means.scope, name);
    if (binding === undefined) return { kind: "problem", issues: [unknownName(means.scope, name, pointer)] };
    if (binding.kind === "source") return { kind: "source", name: binding.name, rest };
    if (binding.kind === "element") return resolveElement(binding.element, rest, pointer, name);
    const input = inputsOfGroups.get(binding.group);
    // A group whose second use failed has no input; that was told already.
    if (input === undefined) return { kind: "problem", issues: [] };
    const outside = resolve({ ...input, pointer });
    return outside.kind === "problem" ? outside : { ...outside, rest: [...outside.rest, ...rest] };
  }

  /** Follows a path into groups. `said` is what the document says up to here. */
  function resolveElement(element: Element, path: readonly string[], pointer: string, said: string): Resolved {
    const one = element.repetitions?.at(-1) ?? element;
    const result = results.get(one);
    if (result === undefined) return { kind: "problem", issues: [] };
    if (result.kind === "layer") return { kind: "layer", layer: result.layer, rest: path };
    if (path.length === 0) return resolveElement(result.last, [], pointer, said);
    const [name, ...rest] = path;
    const member = result.members.get(name);
    if (member !== undefined) return resolveElement(member, rest, pointer, `${said}.${name}`);
    return { kind: "problem", issues: [unknownOutput(pointer, said, name, [...result.members.keys()])] };
  }

  expandList(list.elements, start);
  return { layers, issues, resolve };
}

/** The elements that a scope declares itself. */
const elementsIn = ({ bindings }: Scope): ReadonlyMap<string, Element> =>
  new Map([...bindings].flatMap(([name, binding]) => (binding.kind === "element" ? [[name, binding.element]] : [])));

/** The references in the config of an element, or what is read without one. */
function inputsOf({ config, pointer, scope }: Element, previous: Mention): readonly Mention[] {
  const { inputs } = config;
  if (inputs === undefined) return [previous];
  if (typeof inputs === "string")
    return [{ pointer: joinPointer(pointer, "inputs"), means: { scope, reference: inputs } }];
  return inputs.map((reference, i) => ({ pointer: joinPointer(pointer, "inputs", i), means: { scope, reference } }));
}

/** The issue of something that a layer or a group does not have. */
export function unknownOutput(pointer: string, said: string, name: string, known: readonly string[]): Issue {
  const nearest = findNearest(name, known);
  return configIssue("unknown-output", pointer, {
    problem: `"${said}" has no output "${name}"`,
    expected: [said, ...known.map((each) => `${said}.${each}`)].join(", "),
    hint: nearest === undefined ? undefined : `did you mean "${said}.${nearest}"?`,
  });
}

/** The issue of a model that is too deep. */
export const tooManyLayers = (received: string): Issue =>
  configIssue("too-large", "/layers", {
    problem: `a model has at most ${MOST_LAYERS} layers, those of stacks and repetitions counted one by one`,
    received,
  });
