/** Checks one use of an op against its declarations and gives its result types, or the ShapeError that says what is wrong. */
import { ShapeError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import type { AttrKind, Attrs } from "../ir/attrs.js";
import type { Graph, Origin } from "../ir/graph.js";
import { areValidDims, formatType, type TensorType } from "../shape/tensor-type.js";
import type { AnyOp } from "./op.js";

export interface OpUse {
  readonly op: AnyOp;
  readonly inputs: readonly TensorType[];
  /** For messages; one per input. */
  readonly inputNames: () => readonly string[];
  readonly attrs: Attrs;
  readonly regions: readonly Graph[];
  readonly graph: string;
  readonly origin?: Origin | undefined;
}

/** The node as it would be printed, for messages. */
export const formatUse = ({ op, inputNames }: OpUse): string =>
  `${op.name}(${inputNames()
    .map((name) => `%${name}`)
    .join(", ")})`;

function refuse(use: OpUse, facts: Omit<Issue, "at">): never {
  throw new ShapeError([
    { ...facts, at: { kind: "node", graph: use.graph, text: formatUse(use), origin: use.origin } },
  ]);
}

function formatInputs({ inputNames, inputs }: OpUse): string {
  const names = inputNames();
  return inputs.length === 0 ? "no operands" : inputs.map((type, i) => `${names[i]}: ${formatType(type)}`).join(", ");
}

const formatAttrs = (attrs: Attrs): string =>
  Object.entries(attrs)
    .map(([key, value]) => `, ${key} = ${JSON.stringify(value)}`)
    .join("");

type AttrKinds = Readonly<Record<string, AttrKind>>;

/** Nearly every use is right, which is found out with less work than what is wrong. */
function areRight(attrs: Attrs, kinds: AttrKinds): boolean {
  const keys = Object.keys(kinds);
  for (const key of keys) if (!Object.hasOwn(attrs, key) || !kinds[key].accepts(attrs[key])) return false;
  return Object.keys(attrs).length === keys.length;
}

function checkAttrs(use: OpUse): void {
  const { op, attrs } = use;
  const kinds: AttrKinds = op.attrs;
  if (areRight(attrs, kinds)) return;
  for (const key of Object.keys(attrs))
    if (!Object.hasOwn(kinds, key))
      refuse(use, {
        code: `${op.name}.attribute`,
        problem: `${op.name} has no attribute ${key}`,
        expected: Object.keys(kinds).join(", ") || "no attributes",
      });
  for (const [key, kind] of Object.entries(kinds)) {
    const received = Object.hasOwn(attrs, key) ? attrs[key] : undefined;
    if (received === undefined || !kind.accepts(received))
      refuse(use, {
        code: `${op.name}.attribute`,
        problem: `attribute ${key} of ${op.name} must be ${kind.says}`,
        received: received === undefined ? "nothing" : JSON.stringify(received),
      });
  }
}

function checkArity(use: OpUse): void {
  const { op, inputs } = use;
  if (op.kind === "region" || op.arity === "any" || inputs.length === op.arity) return;
  refuse(use, {
    code: `${op.name}.operands`,
    problem: `${op.name} takes ${op.arity} operand${op.arity === 1 ? "" : "s"}`,
    expected: op.operands.join(", ") || "none",
    received: formatInputs(use),
  });
}

function checkConstraints(use: OpUse): void {
  const { op, inputs, attrs, regions } = use;
  const broken =
    op.kind === "op"
      ? op.constraints.find((constraint) => !constraint.holds(inputs, attrs))
      : op.constraints.find((constraint) => !constraint.holds(inputs, regions, attrs));
  if (broken === undefined) return;
  refuse(use, {
    code: `${op.name}.${broken.label}`,
    problem: `${op.name} needs: ${broken.says}`,
    received: formatInputs(use) + formatAttrs(attrs),
    hint: broken.hint,
  });
}

/** The result types of a correct use. Throws ShapeError at the first rule that does not hold. */
export function inferTypes(use: OpUse): readonly TensorType[] {
  checkArity(use);
  checkAttrs(use);
  checkConstraints(use);
  const { op, inputs, attrs, regions } = use;
  const types = op.kind === "op" ? [op.result(inputs, attrs)] : op.results(inputs, regions, attrs);
  const impossible = types.find((type) => !areValidDims(type.dims));
  if (impossible !== undefined)
    refuse(use, {
      code: `${op.name}.result`,
      problem: "every dim of a result is a whole number, 0 or more",
      received: `${formatInputs(use)}${formatAttrs(attrs)}, which gives ${formatType(impossible)}`,
    });
  return types;
}
