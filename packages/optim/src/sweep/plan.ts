/** From a sweep to its trials: which settings are tried, each with the document that it trains and a name that depends on nothing else. */
import { ConfigError, joinPointer, type Issue, type Location, type Precision } from "@latchgrad/core";
import { readModelWith } from "@latchgrad/layers";
import { experimentSchema, readExperiment, type Experiment } from "../experiment.js";
import { metricNames } from "../training-step.js";
import { sha256 } from "../sha256.js";
import { draw } from "./distributions.js";
import { setValue } from "./set-value.js";
import { MOST_TRIALS, type SweepConfig } from "./sweep-schema.js";

/** A field that a trial sets. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
  /** JSON pointer of the value in the sweep, or of what it is drawn from. */
  readonly pointer: string;
}

export interface Trial {
  /** 16 hexadecimal digits: the hash of its config and precision. */
  readonly id: string;
  /** What this trial has of its own, without the seed. */
  readonly settings: readonly Setting[];
  /** Present where the sweep has seeds. */
  readonly seed?: string | number | undefined;
  readonly experiment: Experiment;
}

const SEED_PATH = "training.seed";

/**
 * The trials of a sweep over an experiment's document, in the order of grid, draws and seeds; settings that come to the same config are
 * one. Throws ConfigError with the problems of all trials, each at the setting in the sweep that brings it.
 */
export async function planSweep(sweep: SweepConfig, document: unknown): Promise<readonly Trial[]> {
  const drafts = draftsOf(sweep);
  const issues = new Map<string, Issue>();
  const trials = new Map<string, Trial>();
  for (const { settings, seed } of drafts) {
    try {
      const experiment = readExperiment(documentOf(sweep, document, settings, seed));
      checkRank(sweep, experiment);
      const id = await trialId(experiment.config, sweep.precision);
      if (!trials.has(id)) trials.set(id, { id, settings, seed, experiment });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const issue of error.issues.map((each) => placed(each, settings))) issues.set(JSON.stringify(issue), issue);
    }
  }
  if (issues.size > 0) throw new ConfigError([...issues.values()].slice(0, MOST_ISSUES));
  return [...trials.values()];
}

const MOST_ISSUES = 100;

/** The name of the training that a config and a precision describe: the same wherever and whenever it is asked for. */
export async function trialId(config: Experiment["config"], precision: Precision): Promise<string> {
  const { $schema: _, ...described } = config;
  const text = canonicalJson({ config: described, precision });
  return (await sha256(new TextEncoder().encode(text))).slice(0, 16);
}

/** JSON in which the order of keys plays no part, and what is undefined is not there. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(",")}}`;
}

interface Draft {
  readonly settings: readonly Setting[];
  readonly seed?: string | number | undefined;
}

/** Every combination. Throws ConfigError where they are too many, before there is a list of them. */
function draftsOf({ grid, random, seeds }: SweepConfig): readonly Draft[] {
  const axes = Object.entries(grid);
  const count =
    axes.reduce((product, [, values]) => product * values.length, 1) * (random?.samples ?? 1) * (seeds?.length ?? 1);
  if (count > MOST_TRIALS)
    throw new ConfigError([
      {
        code: "config.too-many-trials",
        problem: `a sweep has at most ${MOST_TRIALS} trials`,
        at: { kind: "config", pointer: axes.length > 0 ? "/grid" : "/random/samples" },
        received: String(count),
      },
    ]);
  const combinations = axes.reduce<readonly (readonly Setting[])[]>(
    (before, [path, values]) =>
      before.flatMap((settings) =>
        values.map((value, i) => [...settings, { path, value, pointer: joinPointer("", "grid", path, i) }]),
      ),
    [[]],
  );
  const samples = random === undefined ? [[]] : Array.from({ length: random.samples }, (_, i) => samplesOf(random, i));
  return combinations.flatMap((combination) =>
    samples.flatMap((sample) => {
      const settings = [...combination, ...sample];
      return seeds === undefined ? [{ settings }] : seeds.map((seed): Draft => ({ settings, seed }));
    }),
  );
}

const samplesOf = ({ seed, values }: NonNullable<SweepConfig["random"]>, index: number): readonly Setting[] =>
  Object.entries(values).map(([path, distribution]) => ({
    path,
    value: draw(distribution, seed, path, index),
    pointer: joinPointer("", "random", "values", path),
  }));

function documentOf(sweep: SweepConfig, document: unknown, settings: readonly Setting[], seed: Draft["seed"]): unknown {
  const at = (pointer: string): Location => ({ kind: "config", pointer });
  const fixed = Object.entries(sweep.set).map(([path, value]) => ({
    path,
    value,
    pointer: joinPointer("", "set", path),
  }));
  const changed = [...fixed, ...settings].reduce(
    (before, { path, value, pointer }) => setValue(before, path, value, at(pointer)),
    document,
  );
  return seed === undefined ? changed : setValue(changed, SEED_PATH, seed, at("/seeds"));
}

/** Says of a problem of a trial's document which settings the trial has; one that stands in the sweep already stays as it is. */
function placed(issue: Issue, settings: readonly Setting[]): Issue {
  if (issue.at.kind === "config" && /^\/(grid|random|set|seeds|rank)(\/|$)/.test(issue.at.pointer)) return issue;
  const place = issue.at.kind === "config" ? issue.at.pointer : issue.at.kind === "equation" ? issue.at.pointer : "";
  const last = (path: string): string => path.split(/[./]/).at(-1) ?? path;
  const cause =
    settings.find(({ path }) => place.endsWith(`/${last(path)}`) || place.includes(`/${last(path)}/`)) ??
    settings.find(({ path }) => place.split("/")[1] === path.split(/[./]/).find((step) => step !== ""));
  const values = settings.map(({ path, value }) => `${path} = ${JSON.stringify(value)}`).join(", ");
  return {
    ...issue,
    problem: `${place === "" ? "" : `${place} of the experiment: `}${issue.problem}`,
    at: { kind: "config", pointer: cause?.pointer ?? "/model" },
    hint:
      [issue.hint, cause === undefined && values !== "" ? `with ${values}` : undefined]
        .filter((part) => part !== undefined)
        .join("; ") || undefined,
  };
}

function checkRank({ rank }: SweepConfig, { model }: Experiment): void {
  const known = ["loss", ...metricNames(model)];
  if (known.includes(rank.metric)) return;
  throw new ConfigError([
    {
      code: "config.unknown-name",
      problem: `the model computes no "${rank.metric}"`,
      at: { kind: "config", pointer: "/rank/metric" },
      expected: known.join(", "),
    },
  ]);
}

/** The document of the trial with an id, found without building the models of others; undefined: the sweep has none. */
export async function findTrial(sweep: SweepConfig, document: unknown, id: string): Promise<Experiment | undefined> {
  for (const { settings, seed } of draftsOf(sweep)) {
    const changed = documentOf(sweep, document, settings, seed);
    const config = readModelWith(experimentSchema, changed);
    if ((await trialId(config, sweep.precision)) === id) return readExperiment(changed);
  }
  return undefined;
}
