// docs/ops.md: every op, as its own definition describes it.
import { ops } from "../../packages/core/src/ops/index";
import type { AnyOp } from "../../packages/core/src/ops/op";
import { generatedNote, listOf, quoted, section } from "./markdown";

/** A constraint without its predicate, which both kinds of op have. */
interface Stated {
  readonly label: string;
  readonly says: string;
  readonly hint?: string;
}

const INTRODUCTION = `
Every node of a graph is a use of one of these ops. An op is one object in [packages/core/src/ops](../packages/core/src/ops);
this page, the checks, the error texts, the builder functions (\`g.tanh(x)\`) and the test matrix are all made from it.

- **Operands** have exactly the types that the constraints ask for: nothing is broadcast or cast on the way. The builder
  functions insert \`broadcast\` for elementwise ops; see
  [decision 0001](decisions/0001-explicit-broadcasting.md).
- **Constraints** are checked in their order. A use that breaks C2 of \`add\` is a \`ShapeError\` with the code \`add.C2\`.
- **Traits**: an \`elementwise\` op computes element i of its result from element i of each operand. A \`cheap\` one costs no
  more than loading its result, so the derivative of a loop computes it again rather than store it.
- The definition of what an op computes is its \`evaluate\`, in plain loops over f64.
`;

/** The reference page of all ops. */
export function opsPage(): string {
  const all: readonly AnyOp[] = Object.values<unknown>(ops) as readonly AnyOp[];
  const index = all.map((op) => `[\`${op.name}\`](#${op.name.toLowerCase()})`).join(" ");
  return [
    "# Ops",
    generatedNote("the definitions in packages/core/src/ops"),
    INTRODUCTION,
    `${all.length} ops: ${index}`,
    ...all.map(opSection),
  ].join("\n\n");
}

const opSection = (op: AnyOp): string =>
  section(2, op.name, [
    op.summary,
    `\`\`\`text\n${op.formula}\n\`\`\``,
    listOf([
      `operands: ${operandsOf(op)}`,
      ...attributesOf(op),
      ...traitsOf(op),
      ...(op.constraints as readonly Stated[]).map(
        ({ label, says, hint }) => `${label}: ${says}${hint === undefined ? "" : ` (hint: ${hint})`}`,
      ),
    ]),
  ]);

function operandsOf(op: AnyOp): string {
  if (op.kind === "region") return "any number, and a region";
  if (op.arity === "any") return `any number of \`${op.operands.join("")}\``;
  return op.operands.length === 0 ? "none" : op.operands.map((name) => `\`${name}\``).join(", ");
}

const attributesOf = (op: AnyOp): readonly string[] =>
  Object.entries(op.attrs as Readonly<Record<string, { readonly says: string }>>).map(
    ([name, { says }]) => `attribute \`${name}\`: ${quoted(says)}`,
  );

function traitsOf(op: AnyOp): readonly string[] {
  const { linear = [], ...flags } = op.traits;
  const operands: readonly string[] = op.kind === "op" ? op.operands : [];
  const names = [
    ...Object.keys(flags),
    ...linear.map((group) => `linear in ${group.map((i) => operands[i]).join(" and ")}`),
  ];
  return names.length === 0 ? [] : [`traits: ${names.join(", ")}`];
}
