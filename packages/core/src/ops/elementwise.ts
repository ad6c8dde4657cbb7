/** The shape of elementwise ops: what remains to be said of each is its function and its derivative. */
import type { NoAttrs } from "../ir/attrs.js";
import type { Lanes } from "../kernel/lanes.js";
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Constraint, Op, Traits, Value, VjpRule } from "./op.js";
import { allFloat, allNumeric, mapBinary, mapUnary, sameElementType, sameShape, wrapTo } from "./rules.js";

interface UnaryFacts {
  readonly name: string;
  readonly summary: string;
  readonly formula: string;
  /** Elements are numbers of any type; otherwise they are floats. */
  readonly integersToo?: true;
  /** As quick as loading the result; the transcendental functions are not. */
  readonly cheap?: true;
  readonly linear?: Traits["linear"];
  readonly flat?: true;
  readonly kinked?: true;
  readonly bounds?: Traits["bounds"];
  readonly f: (x: number) => number;
  readonly lane: <V>(k: Lanes<V>, x: V) => V;
  /** The cotangent of x, or null where the derivative is zero almost everywhere. */
  readonly vjp: (rule: VjpRule<1, NoAttrs>) => Value | null;
}

const elementwiseTraits = (cheap: boolean, { linear, flat, kinked, bounds }: Traits): Traits => ({
  elementwise: true,
  ...(cheap ? { cheap } : {}),
  ...(linear === undefined ? {} : { linear }),
  ...(flat === undefined ? {} : { flat }),
  ...(kinked === undefined ? {} : { kinked }),
  ...(bounds === undefined ? {} : { bounds }),
});

/** An elementwise op of one operand. */
export const unary = ({
  name,
  summary,
  formula,
  integersToo,
  cheap,
  linear,
  flat,
  kinked,
  bounds,
  f,
  lane,
  vjp,
}: UnaryFacts): Op<1, NoAttrs> => ({
  kind: "op",
  name,
  summary,
  formula,
  operands: ["x"],
  arity: 1,
  attrs: {},
  constraints: [integersToo === true ? allNumeric("C1") : allFloat("C1")],
  traits: elementwiseTraits(cheap === true, { linear, flat, kinked, bounds }),
  result: ([x]) => x,
  evaluate([x], _, { dtype }) {
    if (isFloat(dtype)) return mapUnary(f, x);
    const wrap = wrapTo(dtype);
    return mapUnary((value) => wrap(f(value)), x);
  },
  kernel: () => ({ kind: "map", lane }),
  vjp: (rule) => [vjp(rule)],
});

type BinaryFunction = (x: number, y: number) => number;

interface BinaryFacts {
  readonly name: string;
  readonly summary: string;
  readonly formula: string;
  readonly f: BinaryFunction;
  /** Where f64 arithmetic on i32 or u32 is not exact or not defined. Absent: integers use f, wrapped. */
  readonly integer?: BinaryFunction;
  readonly lane: <V>(k: Lanes<V>, x: V, y: V) => V;
  readonly floatsOnly?: true;
  readonly cheap?: false;
  readonly linear?: Traits["linear"];
  readonly kinked?: true;
  readonly vjp: (rule: VjpRule<2, NoAttrs>) => readonly [Value | null, Value | null];
}

/** An elementwise op of two operands of equal type. */
export const binary = (facts: BinaryFacts): Op<2, NoAttrs> => {
  const { name, summary, formula, f, integer = f, lane, floatsOnly, cheap = true, linear, kinked, vjp } = facts;
  const numeric: Constraint<2, NoAttrs> = floatsOnly === true ? allFloat("C1") : allNumeric("C1");
  return {
    kind: "op",
    name,
    summary,
    formula,
    operands: ["x", "y"],
    arity: 2,
    attrs: {},
    constraints: [numeric, sameElementType("C2"), sameShape("C3")],
    traits: elementwiseTraits(cheap, { linear, kinked }),
    result: ([x]) => x,
    evaluate: ([x, y], _, { dtype }) => mapBinary(isFloat(dtype) ? f : wrapped(integer, dtype), x, y),
    kernel: () => ({ kind: "map", lane }),
    vjp,
  };
};

function wrapped(f: BinaryFunction, dtype: DType): BinaryFunction {
  const wrap = wrapTo(dtype);
  return (x, y) => wrap(f(x, y));
}
