/** Gradients of a model against central differences, and what stopGradient changes in them. */
import {
  checkGradients,
  derivativePlaces,
  DifferentiationError,
  evaluate,
  gradient,
  gradientName,
  withoutStops,
  type DerivativePlace,
  type Graph,
  type Tensor,
  type Tensors,
} from "@latchgrad/core";

export interface WeightGradient {
  readonly name: string;
  /** Elements compared. */
  readonly checked: number;
  /** The gradient of the element that differs most, and its central difference. */
  readonly gradient: number;
  readonly difference: number;
  /** Flat index of that element. */
  readonly worst: number;
  readonly agrees: boolean;
  /** Largest magnitude of an element of the gradient as training has it. */
  readonly largest: number;
}

export interface StoppedGradient {
  readonly place: DerivativePlace;
  /** Weights whose gradient would be another one without it. */
  readonly weights: readonly string[];
}

export interface GradientReport {
  readonly loss: number;
  readonly weights: readonly WeightGradient[];
  readonly stops: readonly StoppedGradient[];
  /** Other places where a derivative is not what the function looks like. */
  readonly places: readonly DerivativePlace[];
}

/** Of the largest gradient of a weight, and of the loss: differences of f64 at a distance of 1e-5 have errors of 1e-10 of it. */
const RELATIVE = 1e-5;
const ABSOLUTE = 1e-8;

/**
 * Checks the gradient of `loss` with respect to `wrt`. Where stopGradient keeps a gradient from flowing on purpose, the derivative
 * is checked without it, and then it is said which weights have another gradient because of it. Throws DifferentiationError.
 */
export function reportGradients(
  graph: Graph,
  wrt: readonly string[],
  inputs: Tensors,
  samples: number,
): GradientReport {
  const found = distinct(derivativePlaces(graph, { of: "loss", wrt }));
  const stopped = found.filter(({ kind }) => kind === "stopped");
  const exact = gradientOf(graph, wrt, inputs);
  const removable = stopped.flatMap((place) => {
    const free = freely(() =>
      gradientOf(
        withoutStops(graph, (each) => isSame(each, place)),
        wrt,
        inputs,
      ),
    );
    return free === undefined ? [] : [{ place, free }];
  });
  const whole = withoutStops(graph, (each) => removable.some(({ place }) => isSame(each, place)));
  const free =
    removable.length === 0 ? graph : freely(() => gradient(whole, { of: "loss", wrt })) === undefined ? graph : whole;
  const reports = checkGradients(free, inputs, { of: "loss", wrt, samples });
  const [loss] = exact["loss"].data;
  const scaleOf = (name: string): number => largestOf(exact[gradientName(name, graph)]);
  return {
    loss,
    weights: reports.map(({ param, checked, gradient: slope, difference, worst }) => ({
      name: param,
      checked,
      gradient: slope,
      difference,
      worst,
      agrees:
        Math.abs(slope - difference) <=
        RELATIVE * Math.max(scaleOf(param), Math.abs(slope)) + ABSOLUTE * Math.max(1, Math.abs(loss)),
      largest: scaleOf(param),
    })),
    stops: removable.flatMap(({ place, free: other }) => {
      const weights = wrt.filter(
        (name) => !isClose(exact[gradientName(name, graph)], other[gradientName(name, graph)]),
      );
      return weights.length === 0 ? [] : [{ place, weights }];
    }),
    places: found.filter(({ kind }) => kind !== "stopped"),
  };
}

const gradientOf = (graph: Graph, wrt: readonly string[], inputs: Tensors): ReturnType<typeof evaluate> =>
  evaluate(gradient(graph, { of: "loss", wrt }), inputs);

/** What `action` gives; undefined where something has no derivative. */
function freely<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof DifferentiationError) return undefined;
    throw error;
  }
}

const isSame = (a: DerivativePlace, b: DerivativePlace): boolean => a.origin === b.origin && a.name === b.name;

const distinct = (places: readonly DerivativePlace[]): readonly DerivativePlace[] =>
  places.filter((place, i) => places.findIndex((other) => other.kind === place.kind && isSame(other, place)) === i);

const largestOf = ({ data }: Tensor): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Up to what rounding does. */
function isClose(a: Tensor, b: Tensor): boolean {
  const margin = 1e-9 * Math.max(largestOf(a), largestOf(b));
  return a.data.every((value, i) => Math.abs(value - b.data[i]) <= margin);
}
