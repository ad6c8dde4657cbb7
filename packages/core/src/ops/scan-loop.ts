/**
 * Loops under construction: a scan without lengths or truncation, as the derivative and executors
 * build them. `lengths` are expressed here as a change of the body, so that both know only one kind of loop.
 */
import { outputTypes, type Graph } from "../ir/graph.js";
import type { Dim } from "../shape/dim.js";
import type { TensorType } from "../shape/tensor-type.js";
import { lt, select } from "./compare.js";
import { constant } from "./constant.js";
import type { Emit, RegionOp, RegionScope, Value } from "./op.js";
import { broadcast } from "./reduce.js";
import { filled } from "./rules.js";
import { scanInputs, type ScanAttrs } from "./scan-inputs.js";

export interface Loop {
  readonly scan: RegionOp<ScanAttrs>;
  /** (consts..., carries..., xs_t..., t) → (carries'..., ys_t...) */
  readonly body: Graph;
  readonly consts: readonly Value[];
  readonly carries: readonly Value[];
  readonly xs: readonly Value[];
  readonly length: Dim;
  readonly reverse: boolean;
  /** As the attribute of scan; absent: 0. */
  readonly checkpoint?: Dim;
}

export interface LoopResults {
  readonly finals: readonly Value[];
  readonly ys: readonly Value[];
}

interface NamedType {
  readonly name: string;
  readonly type: TensorType;
}

/** Parameters of a region, numbered. */
export const namedTypes = (prefix: string, types: readonly TensorType[]): readonly NamedType[] =>
  types.map((type, i) => ({ name: `${prefix}_${i}`, type }));

export const intConstant = (emit: Emit, value: number): Value =>
  emit(constant, [], { dtype: "i32", dims: [], data: [value] });

/** The params of a body by role. */
export const bodyParams = ({ body, consts, carries }: Pick<Loop, "body" | "consts" | "carries">) => {
  const firstX = consts.length + carries.length;
  return {
    consts: body.params.slice(0, consts.length),
    carries: body.params.slice(consts.length, firstX),
    xs: body.params.slice(firstX, -1),
    t: body.params[body.params.length - 1],
  };
};

/** Emits the loop as a scan. */
export function runLoop(scope: RegionScope, loop: Loop): LoopResults {
  const { scan, body, consts, carries, xs, length, reverse, checkpoint = 0 } = loop;
  const results = scope.emitRegion(
    scan,
    [...consts, ...carries, ...xs],
    { consts: consts.length, carries: carries.length, length, reverse, lengths: "none", checkpoint, truncate: [] },
    [body],
  );
  return { finals: results.slice(0, carries.length), ys: results.slice(carries.length) };
}

/** x where `active` (a scalar, or one bool per example), else y. */
export function choose(emit: Emit, active: Value, x: Value, y: Value): Value {
  const { dims } = x.type;
  const mask =
    active.type.dims.length === dims.length
      ? active
      : emit(broadcast, [active], { dims, axes: active.type.dims.map((_, axis) => axis) });
  return emit(select, [mask, x, y]);
}

/**
 * The same loop with lengths written into its body. For "hold", the ys of the step before become carries,
 * behind the others.
 */
export function lowerLengths(
  scope: RegionScope,
  scan: RegionOp<ScanAttrs>,
  inputs: readonly Value[],
  body: Graph,
  attrs: ScanAttrs,
): Loop {
  const { consts, carries, xs, lengths } = scanInputs(inputs, attrs);
  const plain: Loop = { scan, body, consts, carries, xs, length: attrs.length, reverse: attrs.reverse };
  if (lengths === undefined) return plain;
  const params = bodyParams(plain);
  const hold = attrs.lengths === "hold";
  const heldTypes = hold ? outputTypes(body).slice(carries.length) : [];
  const held = namedTypes("held", heldTypes);
  const masked = scope.region(
    body.name,
    [...params.consts, { name: "lengths", type: lengths.type }, ...params.carries, ...held, ...params.xs, params.t],
    ({ emit, inline }, args) => {
      const length = args[consts.length];
      const states = args.slice(consts.length + 1, consts.length + 1 + carries.length);
      const before = args.slice(consts.length + 1 + carries.length, consts.length + 1 + carries.length + held.length);
      const rest = args.slice(consts.length + 1 + carries.length + held.length);
      const t = rest[rest.length - 1];
      const outputs = inline(body, [...args.slice(0, consts.length), ...states, ...rest]);
      const active = emit(lt, [emit(broadcast, [t], { dims: length.type.dims, axes: [] }), length]);
      const next = states.map((state, i) => choose(emit, active, outputs[i], state));
      const ys = outputs
        .slice(carries.length)
        .map((y, i) => choose(emit, active, y, hold ? before[i] : filled(emit, y.type, 0)));
      return [...next, ...(hold ? ys : []), ...ys];
    },
  );
  return {
    ...plain,
    body: masked,
    consts: [...consts, lengths],
    carries: [...carries, ...heldTypes.map((type) => filled(scope.emit, type, 0))],
  };
}
