/**
 * Which layer reads which: the names of the layers, the order in which they can be
 * built, and every mistake in how they refer to each other, reported together.
 */
import { findNearest, joinPointer, suggestName, type Issue } from "@latchgrad/core";
import { parseReference } from "../config/names.js";
import { configIssue, throwIssues } from "../config/refuse.js";
import { MOST_LAYERS, type ModelConfig } from "../config/schema.js";
import { layerDefinitionOf, type LayerConfig } from "../layers/registry.js";
import { resultIssues } from "./results.js";
import type { Signature } from "./signature.js";

/** Result of a model that others ask for by this name. */
export const PREDICTION = "prediction";
/** Input that the first layer reads, where there are several. */
const FIRST_INPUT = "x";

export interface WiredLayer {
  readonly name: string;
  /** JSON pointer. */
  readonly pointer: string;
  readonly config: LayerConfig;
  /** References, in the order in which the layer reads them. */
  readonly inputs: readonly string[];
}

export interface Wiring {
  /** In an order in which each layer comes after those it reads; that of the document where it can be. */
  readonly layers: readonly WiredLayer[];
  /** Reference of each result, "prediction" first. */
  readonly results: Readonly<Record<string, string>>;
}

/** A reference and the place where it stands. */
interface Mention {
  readonly reference: string;
  readonly pointer: string;
}

/** The layers' names: their own, or their type, with a number where that is taken ("dense", "dense2"). */
function layerNames(configs: readonly LayerConfig[], inputNames: readonly string[]): readonly string[] {
  const taken = new Set([...inputNames, ...configs.flatMap((config) => config.name ?? [])]);
  return configs.map(({ name, type }) => {
    if (name !== undefined) return name;
    let free: string = type;
    for (let n = 2; taken.has(free); n++) free = `${type}${n}`;
    taken.add(free);
    return free;
  });
}

function nameIssues(config: ModelConfig, inputNames: readonly string[]): readonly Issue[] {
  const seen = new Map<string, string>(inputNames.map((name) => [name, `the input ${name} of the task`]));
  return config.layers.flatMap(({ name }, i) => {
    if (name === undefined) return [];
    const pointer = joinPointer("", "layers", i, "name");
    const before = seen.get(name);
    seen.set(name, before ?? pointer);
    return before === undefined
      ? []
      : [
          configIssue("duplicate-name", pointer, {
            problem: `"${name}" names one thing only`,
            received: `also ${before}`,
          }),
        ];
  });
}

/** The input of the first layer: the only one, or the one called x; lengths are never meant. */
function firstInput(inputNames: readonly string[]): string {
  const candidates = inputNames.filter((name) => name !== "lengths");
  return candidates.length === 1 ? candidates[0] : FIRST_INPUT;
}

function mentionsOf({ config, inputs, pointer }: WiredLayer): readonly Mention[] {
  const besides = layerDefinitionOf(config).references?.(config) ?? [];
  return [
    ...inputs.map((reference, i) => ({
      reference,
      pointer: config.inputs === undefined ? pointer : joinPointer(pointer, "inputs", i),
    })),
    ...besides.map(({ path, reference }) => ({ reference, pointer: joinPointer(pointer, ...path) })),
  ];
}

/** What the rest of the document mentions: the results, the loss and the metrics. */
function mentionsOfResults(config: ModelConfig, results: Wiring["results"]): readonly Mention[] {
  const judged = [
    { objective: config.loss, pointer: "/loss" },
    ...config.metrics.map((objective, i) => ({ objective, pointer: joinPointer("", "metrics", i) })),
  ];
  return [
    ...Object.entries(results).map(([name, reference]) => ({
      reference,
      pointer: Object.hasOwn(config.outputs, name) ? joinPointer("", "outputs", name) : "/layers",
    })),
    ...judged.flatMap(({ objective: { prediction }, pointer }) =>
      prediction === undefined ? [] : [{ reference: prediction, pointer: joinPointer(pointer, "prediction") }],
    ),
  ];
}

/** A mention of something that does not exist. */
function mentionIssues(
  { reference, pointer }: Mention,
  outputs: ReadonlyMap<string, readonly string[]>,
): readonly Issue[] {
  const { source, output } = parseReference(reference);
  const known = outputs.get(source);
  if (known === undefined)
    return [
      configIssue("unknown-name", pointer, {
        problem: `no input or layer is called "${source}"`,
        hint: suggestName(source, [...outputs.keys()]),
      }),
    ];
  if (output === undefined || known.includes(output)) return [];
  const nearest = findNearest(output, known);
  return [
    configIssue("unknown-output", pointer, {
      problem: `"${source}" has no output "${output}"`,
      expected: [source, ...known.map((name) => `${source}.${name}`)].join(", "),
      hint: nearest === undefined ? undefined : `did you mean "${source}.${nearest}"?`,
    }),
  ];
}

function arityIssues(layers: readonly WiredLayer[]): readonly Issue[] {
  return layers.flatMap(({ config, inputs, pointer }) => {
    const { least, most } = layerDefinitionOf(config).arity ?? { least: 1, most: 1 };
    if (inputs.length >= least && inputs.length <= most) return [];
    return [
      configIssue("input-count", config.inputs === undefined ? pointer : joinPointer(pointer, "inputs"), {
        problem: `the layer type ${config.type} reads ${least === most ? `${least} input` : `${least} inputs or more`}`,
        received: inputs.join(", "),
        hint: config.inputs === undefined ? 'name them with "inputs"' : undefined,
      }),
    ];
  });
}

/** Stacks in stacks of layers would be a short document for endless work. */
function depthIssues(layers: readonly LayerConfig[]): readonly Issue[] {
  const depth = layers.reduce((sum, config) => sum + (layerDefinitionOf(config).depth?.(config) ?? 1), 0);
  if (depth <= MOST_LAYERS) return [];
  return [
    configIssue("too-large", "/layers", {
      problem: `a model has at most ${MOST_LAYERS} layers, those of stacks counted one by one`,
      received: String(depth),
    }),
  ];
}

/**
 * Sorts layers so that each comes after those it reads (Kahn's algorithm, always taking the first layer of the
 * document that is ready). Layers that wait for each other, or for such layers, are left over.
 */
function sortLayers(layers: readonly WiredLayer[]): {
  readonly sorted: readonly WiredLayer[];
  readonly leftOver: readonly WiredLayer[];
} {
  const done = new Set<string>();
  const isLayer = new Set(layers.map((layer) => layer.name));
  const needs = new Map(
    layers.map((layer) => [layer, mentionsOf(layer).map(({ reference }) => parseReference(reference).source)]),
  );
  const isReady = (layer: WiredLayer): boolean =>
    (needs.get(layer) ?? []).every((name) => !isLayer.has(name) || done.has(name));
  const sorted: WiredLayer[] = [];
  let waiting = layers;
  for (;;) {
    const next = waiting.find(isReady);
    if (next === undefined) return { sorted, leftOver: waiting };
    sorted.push(next);
    done.add(next.name);
    waiting = waiting.filter((layer) => layer !== next);
  }
}

/** One issue per cycle among layers that wait for each other. */
function cycleIssues(leftOver: readonly WiredLayer[]): readonly Issue[] {
  const byName = new Map(leftOver.map((layer) => [layer.name, layer]));
  const reported = new Set<WiredLayer>();
  return leftOver.flatMap((start) => {
    // Every layer left over waits for another one, so following what it waits for ends in a cycle.
    const trail: WiredLayer[] = [];
    let layer: WiredLayer | undefined = start;
    while (layer !== undefined && !trail.includes(layer)) {
      if (reported.has(layer)) return [];
      trail.push(layer);
      layer = mentionsOf(layer)
        .map(({ reference }) => byName.get(parseReference(reference).source))
        .find((needed) => needed !== undefined);
    }
    trail.forEach((each) => reported.add(each));
    if (layer === undefined) return [];
    const cycle = [...trail.slice(trail.indexOf(layer)), layer];
    return [
      configIssue("cycle", layer.pointer, {
        problem: "no layer needs its own output",
        received: cycle.map(({ name }) => name).join(" reads "),
      }),
    ];
  });
}

/** Layers whose output reaches no result. */
function unusedIssues(sorted: readonly WiredLayer[], wanted: readonly Mention[]): readonly Issue[] {
  const used = new Set(wanted.map(({ reference }) => parseReference(reference).source));
  const unused: WiredLayer[] = [];
  for (const layer of sorted.toReversed()) {
    if (!used.has(layer.name)) unused.unshift(layer);
    else for (const { reference } of mentionsOf(layer)) used.add(parseReference(reference).source);
  }
  return unused.map(({ name, pointer }) =>
    configIssue("unused-layer", pointer, {
      problem: `the output of the layer "${name}" is used`,
      hint: 'name it in the "inputs" of another layer or in "outputs", or leave the layer out',
    }),
  );
}

/** Wires the layers of a model to each other and to a task. Throws ConfigError with all problems. */
export function wireLayers(config: ModelConfig, signature: Signature): Wiring {
  const inputNames = Object.keys(signature.inputs);
  const duplicates = nameIssues(config, inputNames);
  // Without unique names nothing can be said about references.
  throwIssues(duplicates);

  const names = layerNames(config.layers, inputNames);
  const layers = config.layers.map((layer, i): WiredLayer => ({
    name: names[i],
    pointer: joinPointer("", "layers", i),
    config: layer,
    inputs: layer.inputs ?? [i === 0 ? firstInput(inputNames) : names[i - 1]],
  }));
  const outputs = new Map<string, readonly string[]>([
    ...inputNames.map((name) => [name, []] as const),
    ...layers.map(
      ({ name, pointer, config: layer }) =>
        [name, layerDefinitionOf(layer).outputs?.(layer, { cells: config.cells, pointer }) ?? []] as const,
    ),
  ]);
  const results = { [PREDICTION]: names[names.length - 1], ...config.outputs };
  const wanted = mentionsOfResults(config, results);
  const { sorted, leftOver } = sortLayers(layers);
  const broken = [
    ...[...layers.flatMap(mentionsOf), ...wanted].flatMap((mention) => mentionIssues(mention, outputs)),
    ...cycleIssues(leftOver),
  ];
  throwIssues([
    ...broken,
    ...arityIssues(layers),
    ...depthIssues(config.layers),
    ...resultIssues(config, signature),
    // A layer may seem unused only because the reference to it is misspelled.
    ...(broken.length === 0 ? unusedIssues(sorted, wanted) : []),
  ]);
  return { layers: sorted, results };
}
