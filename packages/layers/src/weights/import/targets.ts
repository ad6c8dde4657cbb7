/** The weights of a model as an import sees them: the layer that each belongs to, and what its name says. */
import type { LayerSummary } from "../../model/assemble.js";
import type { ParamSpec } from "../../params.js";

/** What an import needs to know of a model. */
export interface ImportingModel {
  readonly config: object;
  readonly params: readonly ParamSpec[];
  readonly layers: readonly Pick<LayerSummary, "name" | "pointer">[];
}

/** A weight, by the parts of its name. */
export interface Target {
  readonly param: ParamSpec;
  /** Name of its layer. */
  readonly layer: string;
  /** The layer's part of the document. */
  readonly config: unknown;
  /** Where in a stack, from 0; undefined outside of stacks. */
  readonly stack: number | undefined;
  /** Undefined in layers of one direction. */
  readonly direction: "forward" | "reverse" | undefined;
  /** Its own name, in the layer or cell: "Wf". */
  readonly weight: string;
}

const PARTS = /^(?:layer(\d+)\.)?(?:(forward|reverse)\.)?(.+)$/s;

/** The weights of a model with what their names say. */
export const targetsOf = ({ config, params, layers }: ImportingModel): readonly Target[] =>
  params.map((param) => {
    const owner = layers
      .filter(({ name, pointer }) => pointer === param.origin && param.name.startsWith(`${name}.`))
      .reduce((longest, { name }) => (name.length > longest.length ? name : longest), "");
    const layer = owner === "" ? param.name.slice(0, param.name.lastIndexOf(".")) : owner;
    const [, stack, direction, weight] = PARTS.exec(param.name.slice(layer.length + 1)) ?? [];
    return {
      param,
      layer,
      config: valueAt(config, param.origin),
      stack: stack === undefined ? undefined : Number(stack) - 1,
      direction: direction === "forward" || direction === "reverse" ? direction : undefined,
      weight,
    };
  });

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** The part of a document that a JSON pointer leads to. */
const valueAt = (document: object, pointer: string): unknown =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), document);
