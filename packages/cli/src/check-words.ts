/** The check of a model in words. */
import { formatIssue, formatType, type DerivativePlace, type LoopStates } from "@latchgrad/core";
import type { ExperimentCheck } from "@latchgrad/optim";
import { experimentHeading } from "./describe-experiment.js";
import { formatCount, formatNumber, formatPlural, formatTable } from "./format.js";

/** All that was found, the problems last, where people look first. */
export function checkInWords(check: ExperimentCheck): string {
  const { experiment, problems, memory } = check;
  const { batch } = experiment.config.training;
  const sections = [
    experimentHeading(experiment),
    layersInWords(check),
    gradientsInWords(check),
    list("where derivatives are not what they look like", placesInWords(check.places)),
    list("loops", check.loops.map(loopInWords)),
    list(
      "at the ends of their range before training, where little gradient flows",
      check.saturated.map(
        ({ layer, value, bounds: [least, greatest], share }) =>
          `${value} of ${layer}: ${Math.round(100 * share)} % of its elements are near ${least} or ${greatest}`,
      ),
    ),
    `memory: ${formatBytes(memory.bytes)} for one training step of ${formatPlural(batch, "example")}${savingInWords(memory)}`,
    problems.length === 0
      ? "nothing is wrong"
      : `${formatPlural(problems.length, "problem")}\n${problems.map(formatIssue).join("\n")}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const savingInWords = ({ withCheckpoints }: ExperimentCheck["memory"]): string =>
  withCheckpoints === undefined
    ? ""
    : `; ${formatBytes(withCheckpoints.bytes)} with "checkpoint": "sqrt" in ${withCheckpoints.layers.join(", ")}`;

const list = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${line}`)].join("\n");

function layersInWords({ description, frozen }: ExperimentCheck): string {
  const rows = description.layers.map(({ name, type, inputs, output, parameters, shares, ties }) => {
    const own = description.weights.filter((weight) => weight.name.startsWith(`${name}.`));
    const stays = own.filter((weight) => frozen.includes(weight.name));
    const notes = [
      ...(shares === undefined ? [] : [`weights of ${shares}`]),
      ...Object.entries(ties).map(([weight, other]) => `${weight} is ${other}`),
      ...(stays.length === 0
        ? []
        : [
            stays.length === own.length
              ? "frozen"
              : `frozen: ${stays.map((weight) => weight.name.slice(name.length + 1)).join(", ")}`,
          ]),
    ];
    return [name, type, inputs.join(", "), formatType(output), formatCount(parameters), notes.join("; ")];
  });
  const heading = ["layer", "type", "reads", "output", "parameters", ""];
  return formatTable([heading, ...rows, ["all", "", "", "", formatCount(description.parameters), ""]], [4]).trimEnd();
}

function gradientsInWords({ weights, examples, loss, stops }: ExperimentCheck): string {
  const checked = weights.reduce((sum, each) => sum + each.checked, 0);
  const wrong = weights.filter(({ agrees }) => !agrees);
  const silent = weights.filter(({ largest }) => largest === 0).map(({ name }) => name);
  return [
    `gradients: ${formatPlural(checked, "element")} of ${formatPlural(weights.length, "weight")} against central differences in f64, on ${formatPlural(examples, "example")} with loss ${formatNumber(loss)}`,
    wrong.length === 0
      ? "  all agree"
      : `  ${wrong.map(({ name }) => name).join(", ")} ${wrong.length === 1 ? "does" : "do"} not agree`,
    ...(silent.length === 0
      ? []
      : [
          `  no gradient arrives at ${silent.join(", ")}: training would leave ${silent.length === 1 ? "it" : "them"} as before`,
        ]),
    ...stops.map(
      ({ place, weights: changed }) =>
        `  stopGradient in ${placeOf(place)} changes the gradient of ${changed.join(", ")}, as it is meant to; without it, the differences agree`,
    ),
  ].join("\n");
}

const KINDS: Readonly<Record<DerivativePlace["kind"], string>> = {
  stopped: "lets no gradient through",
  flat: "is flat between its jumps, so no gradient flows through it",
  kink: "has a kink, where one of the slopes is taken",
  choice: "chooses by a value that depends on weights; where the choice changes, value or slope jumps",
};

const placeOf = ({ name, origin }: DerivativePlace): string => (origin === undefined ? name : `${origin} (${name})`);

function placesInWords(places: readonly DerivativePlace[]): readonly string[] {
  const lines = places.map((place) => `${place.op} in ${place.origin ?? place.name} ${KINDS[place.kind]}`);
  return [...new Set(lines)];
}

function loopInWords({ name, steps, looped, linear }: LoopStates): string {
  const count = formatPlural(steps, "step");
  if (looped.length === 0)
    return `${name}: ${linear.join(", ")} linear element by element, so all ${count} run as a recurrence without a loop`;
  const rest = linear.length === 0 ? "" : `; ${linear.join(", ")} linear element by element, so outside it`;
  return `${name}: ${looped.join(", ")} in a loop of ${count}${rest}`;
}

/** Bytes as people read them. */
function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${power === 0 ? formatCount(bytes) : formatNumber(bytes / 1000 ** power)} ${units[power]}`;
}
