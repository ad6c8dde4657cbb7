/**
 * Rows that cheap elementwise ops compute of what is in memory, such as the cotangents of a squared error from outputs and targets: a step
 * that computes its own needs no stack of them. Decision 0079.
 */
import { internalError } from "../errors/errors.js";
import { isCheap, opOf, type BuilderScope } from "../graph/builder.js";
import type { Draft } from "../graph/rebuild.js";
import type { Node, ValueId } from "../ir/graph.js";
import { constant } from "../ops/constant.js";
import type { Value } from "../ops/op.js";
import { broadcast } from "../ops/reduce.js";
import { reshape, transpose } from "../ops/reshape.js";
import { splatOf } from "./constants.js";
import { gatherRows, inOrder, makerOf, moved, type RowSource, type Way } from "./rows.js";

/** How rows of a value are made. `axis`: where the value has the steps. */
type Recipe =
  /** Rows of a tensor in memory. */
  | { readonly kind: "read"; readonly id: ValueId; readonly axis: number }
  /** A tensor that has no steps. */
  | { readonly kind: "same"; readonly id: ValueId }
  | { readonly kind: "number"; readonly value: number; readonly node: Node; readonly axis: number }
  | { readonly kind: "computed"; readonly node: Node; readonly axis: number; readonly inputs: readonly Recipe[] };

/** Nodes that are computed again at most; what these read is read from memory. */
const MOST_NODES = 16;

/** The recipe of a value with the steps along `axis`. What is needed twice is one recipe. */
function recipeOf(draft: Draft, stack: ValueId, stepsAlong: number): Recipe {
  const known = new Map<string, Recipe>();
  let count = 0;
  const recipe = (id: ValueId, axis: number): Recipe => {
    const key = `${id} ${axis}`;
    const found = known.get(key) ?? make(id, axis);
    known.set(key, found);
    return found;
  };
  const make = (id: ValueId, axis: number): Recipe => {
    const node = draft.producerOf(id);
    if (node === undefined || ++count > MOST_NODES) return { kind: "read", id, axis };
    const value = splatOf(draft, id);
    if (value !== undefined) return { kind: "number", value, node, axis };
    if (makerOf(draft, id, broadcast) !== undefined) {
      const [operand] = node.inputs;
      const before = (node.attrs["axes"] as readonly number[]).indexOf(axis);
      const input: Recipe = before < 0 ? { kind: "same", id: operand } : recipe(operand, before);
      return { kind: "computed", node, axis, inputs: [input] };
    }
    if (opOf(node).traits.elementwise !== true || !isCheap(node)) return { kind: "read", id, axis };
    return { kind: "computed", node, axis, inputs: node.inputs.map((input) => recipe(input, axis)) };
  };
  return recipe(stack, stepsAlong);
}

/** All recipes that one is made of, itself among them, each once. */
function partsOf(whole: Recipe): readonly Recipe[] {
  const parts = new Set<Recipe>();
  const add = (recipe: Recipe): void => {
    if (parts.has(recipe)) return;
    parts.add(recipe);
    if (recipe.kind === "computed") recipe.inputs.forEach(add);
  };
  add(whole);
  return [...parts];
}

/** The tensor that a view looks at; the value itself where it is none. */
function viewed(draft: Draft, id: ValueId): ValueId {
  const node = draft.producerOf(id);
  return node !== undefined && opOf(node).traits.view === true ? viewed(draft, node.inputs[0]) : id;
}

/**
 * The recipe of a stack, whose steps come first, perhaps after its axes were moved; undefined where computing it again is not
 * cheap, or would keep more in memory than the stack does: of all that is read, one tensor at most may be there for it alone.
 */
function cheapRecipe(draft: Draft, stack: ValueId) {
  const { x, order } = moved(draft, stack);
  const recipe = recipeOf(draft, x, order[0]);
  if (recipe.kind !== "computed") return undefined;
  const parts = partsOf(recipe);
  const read = parts.flatMap((part) => (part.kind === "read" ? [part] : []));
  const held = new Set(read.map(({ id }) => viewed(draft, id)).filter((id) => draft.producerOf(id) !== undefined));
  if (read.length === 0 || held.size > 1) return undefined;
  return { recipe, order, read, same: parts.flatMap((part) => (part.kind === "same" ? [part] : [])) };
}

/** Emits what a recipe says, for so many steps. `values`: those of what is read and of what is the same; the others are added. */
function follow(g: BuilderScope, recipe: Recipe, steps: number, values: Map<Recipe, Value>): Value {
  const make = (): Value => {
    if (recipe.kind === "read" || recipe.kind === "same") throw internalError("a row is read from nowhere");
    const { node, axis } = recipe;
    const [{ dtype, dims }] = node.types;
    const made = dims.with(axis, steps);
    if (recipe.kind === "number") return g.emit(constant, [], { dtype, dims: made, data: [recipe.value] });
    const inputs = recipe.inputs.map((input) => follow(g, input, steps, values));
    const op = opOf(node);
    const attrs = op === (broadcast as unknown) ? { ...node.attrs, dims: made } : node.attrs;
    return g.at(node.origin, () => g.node({ op, inputs, attrs })[0]);
  };
  const value = values.get(recipe) ?? make();
  values.set(recipe, value);
  return value;
}

/** Rows of a tensor that are computed by their indices; undefined where they had better be stored. */
export function rowsComputed(draft: Draft, id: ValueId, steps: number): RowSource | undefined {
  const found = cheapRecipe(draft, id);
  if (found === undefined) return undefined;
  const { recipe, order, read, same } = found;
  const sources = read.map((part) => ({ part, ...moved(draft, part.id) }));
  return {
    consts: [...sources.map(({ x }) => x), ...same.map((part) => part.id)],
    make(g, consts, indices) {
      const values = new Map<Recipe, Value>(
        sources.map(({ part, order: moves }, i) => [part, gatherRows(g, consts[i], moves, indices, part.axis)]),
      );
      same.forEach((part, i) => values.set(part, consts[sources.length + i]));
      return inOrder(g, follow(g, recipe, steps, values), order);
    },
  };
}

/** Rows of a stack that is cut in whole chunks: each reads its chunk of what is in memory. */
export function wayToCompute(draft: Draft, whole: ValueId, steps: number): Way | undefined {
  const found = cheapRecipe(draft, whole);
  if (found === undefined) return undefined;
  const { recipe, order, read, same } = found;
  /** The axes of a tensor with the steps in front, and the way back. */
  const orders = read.map(({ id, axis }) => {
    const axes = draft.typeOf(id).dims.map((_, each) => each);
    return {
      ahead: [axis, ...axes.filter((each) => each !== axis)],
      back: axes.filter((each) => each > 0).toSpliced(axis, 0, 0),
    };
  });
  const cut = ({ id }: { readonly id: ValueId }, i: number): ValueId => {
    const { ahead } = orders[i];
    const first = ahead[0] === 0 ? id : draft.emit(transpose, [id], { order: ahead });
    const [count, ...rest] = draft.typeOf(first).dims;
    return draft.emit(reshape, [first], { dims: [(count as number) / steps, steps, ...rest] });
  };
  return {
    consts: same.map(({ id }) => id),
    rows: read.map(cut),
    make(g, consts, rows) {
      const values = new Map<Recipe, Value>(same.map((part, i) => [part, consts[i]]));
      read.forEach((part, i) => values.set(part, inOrder(g, rows[i], orders[i].back)));
      return inOrder(g, follow(g, recipe, steps, values), order);
    },
  };
}
