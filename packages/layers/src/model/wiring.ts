/**
 * Which layer reads which: the order in which layers can be built, what every reference means, and every
 * mistake in how they refer to each other, reported together.
 */
import { joinPointer, type Issue } from "@latchgrad/core";
import { configIssue, throwIssues } from "../config/refuse.js";
import type { ModelConfig } from "../config/schema.js";
import { MOST_LAYERS } from "../layers/layer.js";
import { layerDefinitionOf, type PlainLayerConfig } from "../layers/registry.js";
import {
  countLayers,
  expandLayers,
  tooManyLayers,
  unknownOutput,
  type Expansion,
  type Mention,
  type PlacedLayer,
  type Resolved,
} from "./expand.js";
import { cycleIssues, findUnused, sortLayers } from "./order.js";
import { objectivesOf, PREDICTION, resultIssues, type PlacedObjective } from "./results.js";
import { declareLayers, nameIssues, type Binding } from "./scope.js";
import type { Signature } from "./signature.js";

/** Input that the first layer reads, where there are several. */
const FIRST_INPUT = "x";

/** The value that a reference means: an input or target of the task, or an output of a layer. */
export interface Reference {
  /** Name of the input or target, or path of the layer. */
  readonly source: string;
  /** Name of a further output of the layer; undefined: its main output. */
  readonly output: string | undefined;
}

/** A weight of another layer that a layer uses in place of its own. */
export interface Tie {
  /** Path of the weight that is used. */
  readonly weight: string;
  readonly transpose: boolean;
  /** JSON pointer. */
  readonly pointer: string;
}

export interface WiredLayer {
  /** Path of names. */
  readonly name: string;
  /** Start of its weights' names. */
  readonly weights: string;
  /** JSON pointer. */
  readonly pointer: string;
  readonly config: PlainLayerConfig;
  readonly trainable: boolean;
  /** In the order in which the layer reads them. */
  readonly inputs: readonly Reference[];
  /** What it reads besides, by the text in its config. */
  readonly besides: ReadonlyMap<string, Reference>;
  /** By the name of its own weight. */
  readonly ties: ReadonlyMap<string, Tie>;
}

/** A loss or metric and what it judges. */
export interface WiredObjective {
  readonly objective: PlacedObjective;
  readonly prediction: Reference;
}

export interface Wiring {
  /** In an order in which each layer comes after those it reads; that of the document where it can be. */
  readonly layers: readonly WiredLayer[];
  /** What each result shows, "prediction" first. */
  readonly results: Readonly<Record<string, Reference>>;
  readonly objectives: readonly WiredObjective[];
  /** Targets that layers read, which the graph needs in every mode. */
  readonly targetsRead: readonly string[];
  /** Name of the task's main input. */
  readonly mainInput: string;
  /** Paths of the layers that a loss depends on. */
  readonly judged: ReadonlySet<string>;
}

/** A reference as text. */
export const formatReference = ({ source, output }: Reference): string =>
  output === undefined ? source : `${source}.${output}`;

/** The input that a chain begins with: the only one, or the one called x; lengths are never meant. */
function mainInputOf(inputNames: readonly string[]): string {
  const candidates = inputNames.filter((name) => name !== "lengths");
  return candidates.length === 1 ? candidates[0] : FIRST_INPUT;
}

function arityIssues(layers: readonly PlacedLayer[]): readonly Issue[] {
  return layers.flatMap(({ element, config, inputs }) => {
    const { least, most } = layerDefinitionOf(config).arity ?? { least: 1, most: 1 };
    if (inputs.length >= least && inputs.length <= most) return [];
    const isSilent = config.inputs === undefined;
    return [
      configIssue("input-count", isSilent ? element.pointer : joinPointer(element.pointer, "inputs"), {
        problem: `the layer type ${config.type} reads ${least === most ? `${least} input` : `${least} inputs or more`}`,
        received: isSilent ? "the layer before it" : [config.inputs].flat().join(", "),
        hint: isSilent ? 'name them with "inputs"' : undefined,
      }),
    ];
  });
}

/** Stacks in stacks of layers would be a short document for endless work. */
function depthIssues(layers: readonly PlacedLayer[]): readonly Issue[] {
  const depth = layers.reduce((sum, { config }) => sum + (layerDefinitionOf(config).depth?.(config) ?? 1), 0);
  return depth <= MOST_LAYERS ? [] : [tooManyLayers(String(depth))];
}

/** Collects the issues of resolved references; undefined for what could not be resolved. */
function makeReader(
  { resolve }: Expansion,
  cells: ModelConfig["cells"],
): {
  readonly issues: Issue[];
  value(mention: Mention): Reference | undefined;
  weight(mention: Mention): { readonly layer: PlacedLayer; readonly name: string } | undefined;
} {
  const issues: Issue[] = [];
  const outputsOf = ({ element: { pointer }, config }: PlacedLayer): readonly string[] =>
    layerDefinitionOf(config).outputs?.(config, { cells, pointer }) ?? [];
  const found = (mention: Mention): Exclude<Resolved, { readonly kind: "problem" }> | undefined => {
    const resolved = resolve(mention);
    if (resolved.kind !== "problem") return resolved;
    issues.push(...resolved.issues);
    return undefined;
  };
  return {
    issues,
    value(mention) {
      const resolved = found(mention);
      if (resolved === undefined) return undefined;
      const source = resolved.kind === "source" ? resolved.name : resolved.layer.element.name;
      if (resolved.rest.length === 0) return { source, output: undefined };
      const output = resolved.rest.join(".");
      const known = resolved.kind === "source" ? [] : outputsOf(resolved.layer);
      if (known.includes(output)) return { source, output };
      issues.push(unknownOutput(mention.pointer, source, output, known));
      return undefined;
    },
    weight(mention) {
      const resolved = found(mention);
      if (resolved?.kind === "layer" && resolved.rest.length > 0)
        return { layer: resolved.layer, name: `${resolved.layer.element.weights}.${resolved.rest.join(".")}` };
      if (resolved !== undefined)
        issues.push(
          configIssue("unknown-weight", mention.pointer, {
            problem: "a tie names a weight of another layer",
            expected: 'the name of a layer and that of a weight, such as "letters.table"',
          }),
        );
      return undefined;
    },
  };
}

type Reader = ReturnType<typeof makeReader>;

interface Draft extends WiredLayer {
  /** Paths of the layers that have to be built before it. */
  readonly needs: readonly string[];
}

function wireLayer(placed: PlacedLayer, reader: Reader): Draft {
  const { element, config } = placed;
  const mentionAt = (reference: string, ...path: readonly (string | number)[]): Mention => ({
    pointer: joinPointer(element.pointer, ...path),
    means: { scope: element.scope, reference },
  });
  const inputs = placed.inputs.flatMap((mention) => reader.value(mention) ?? []);
  const besides = new Map(
    (layerDefinitionOf(config).references?.(config) ?? []).flatMap(({ path, reference }) => {
      const value = reader.value(mentionAt(reference, ...path));
      return value === undefined ? [] : [[reference, value] as const];
    }),
  );
  const ties = new Map<string, Tie>();
  const owners: string[] = [];
  for (const [name, tie] of Object.entries(("tie" in config ? config.tie : undefined) ?? {})) {
    const { weight, transpose } = typeof tie === "string" ? { weight: tie, transpose: false } : tie;
    const mention = mentionAt(weight, "tie", name);
    const found = reader.weight(mention);
    if (found === undefined) continue;
    ties.set(name, { weight: found.name, transpose, pointer: mention.pointer });
    owners.push(found.layer.element.name);
  }
  const { name, weights, pointer, trainable } = element;
  const needs = [...[...inputs, ...besides.values()].map(({ source }) => source), ...owners];
  return { name, weights, pointer, config, trainable, inputs, besides, ties, needs };
}

/** Equal problems of repetitions are one. */
function withoutRepetitions(issues: readonly Issue[]): readonly Issue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const key = JSON.stringify(issue);
    return !seen.has(key) && seen.add(key);
  });
}

/** Wires the layers of a model to each other and to a task. Throws ConfigError with all problems. */
export function wireLayers(config: ModelConfig, signature: Signature): Wiring {
  const inputNames = Object.keys(signature.inputs);
  const least = countLayers(config.layers);
  if (least > MOST_LAYERS) throwIssues([tooManyLayers(String(least))]);
  // Without unique names nothing can be said about references.
  throwIssues(
    nameIssues(config.layers, new Map(inputNames.map((name) => [name, `the input ${name} of the task`])), "/layers"),
  );

  const sources = [...Object.keys(signature.targets), ...inputNames];
  const list = declareLayers(config.layers, {
    path: "",
    weights: "",
    pointer: "/layers",
    trainable: true,
    given: new Map(sources.map((name): [string, Binding] => [name, { kind: "source", name }])),
    reserved: inputNames,
    outer: undefined,
  });
  const mainInput = mainInputOf(inputNames);
  const atTop = (reference: string, pointer: string): Mention => ({ pointer, means: { scope: list.scope, reference } });
  const expansion = expandLayers(list, atTop(mainInput, "/layers/0"));
  const reader = makeReader(expansion, config.cells);
  const drafts = expansion.layers.map((layer) => wireLayer(layer, reader));

  const last: Mention = { pointer: "/layers", means: list.elements[list.elements.length - 1] };
  const named = Object.entries(config.outputs).map(
    ([name, reference]) => [name, atTop(reference, joinPointer("", "outputs", name))] as const,
  );
  const results = Object.fromEntries(
    Object.entries({ [PREDICTION]: last, ...Object.fromEntries(named) }).flatMap(([name, mention]) => {
      const value = reader.value(mention);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const objectives = objectivesOf(config).flatMap((objective): readonly WiredObjective[] => {
    const { prediction: reference } = objective.config;
    const prediction =
      reference === undefined
        ? results[PREDICTION]
        : reader.value(atTop(reference, joinPointer(objective.pointer, "prediction")));
    return prediction === undefined ? [] : [{ objective, prediction }];
  });

  const { sorted, leftOver } = sortLayers(drafts);
  const broken = [...expansion.issues, ...reader.issues, ...cycleIssues(leftOver)];
  const wanted = [...Object.values(results), ...objectives.map(({ prediction }) => prediction)];
  throwIssues(
    withoutRepetitions([
      ...broken,
      ...arityIssues(expansion.layers),
      ...depthIssues(expansion.layers),
      ...resultIssues(config, signature),
      // A layer may seem unused only because the reference to it is misspelled.
      ...(broken.length === 0 ? unusedIssues(sorted, wanted) : []),
    ]),
  );
  const layerNames = new Set(drafts.map(({ name }) => name));
  const read = new Set([...drafts.flatMap(({ needs }) => needs), ...wanted.map(({ source }) => source)]);
  const losses = objectives.filter(({ objective }) => objective.kind === "loss");
  const unjudged = findUnused(
    sorted,
    losses.map(({ prediction }) => prediction.source),
  );
  return {
    layers: sorted,
    results,
    objectives,
    targetsRead: Object.keys(signature.targets).filter((name) => read.has(name) && !layerNames.has(name)),
    mainInput,
    judged: new Set(sorted.filter((layer) => !unjudged.includes(layer)).map(({ name }) => name)),
  };
}

/** Layers whose output reaches no result. */
const unusedIssues = (sorted: readonly Draft[], wanted: readonly Reference[]): readonly Issue[] =>
  findUnused(
    sorted,
    wanted.map(({ source }) => source),
  ).map(({ name, pointer }) =>
    configIssue("unused-layer", pointer, {
      problem: `the output of the layer "${name}" is used`,
      hint: 'name it in the "inputs" of another layer or in "outputs", or leave the layer out',
    }),
  );
