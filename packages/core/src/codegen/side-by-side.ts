/**
 * Lane arithmetic on several values at a time, instruction by instruction: what is one operation becomes as many that do not wait for each other.
 * A processor looks ahead by some dozens of instructions only, so that of two long chains one behind the other it finds little of the second
 * while it waits for the first. Decision 0067.
 */
import type { Lanes } from "../kernel/lanes.js";

/** Values that are computed at once, all of one type. */
export type Values<V> = readonly V[];

/** Arithmetic on `count` values at a time. */
export function sideBySide<V>(lanes: Lanes<V>, count: number): Lanes<Values<V>> {
  const same = (value: V): Values<V> => new Array<V>(count).fill(value);
  const unary =
    (operation: (x: V) => V) =>
    (x: Values<V>): Values<V> =>
      x.map(operation);
  const binary =
    (operation: (x: V, y: V) => V) =>
    (x: Values<V>, y: Values<V>): Values<V> =>
      x.map((each, i) => operation(each, y[i]));
  const ternary =
    (operation: (x: V, y: V, z: V) => V) =>
    (x: Values<V>, y: Values<V>, z: Values<V>): Values<V> =>
      x.map((each, i) => operation(each, y[i], z[i]));
  return {
    typeOf: ([first]) => lanes.typeOf(first),
    constant: (dtype, value) => same(lanes.constant(dtype, value)),
    add: binary(lanes.add),
    sub: binary(lanes.sub),
    mul: binary(lanes.mul),
    div: binary(lanes.div),
    madd: ternary(lanes.madd),
    nmadd: ternary(lanes.nmadd),
    min: binary(lanes.min),
    max: binary(lanes.max),
    lesser: binary(lanes.lesser),
    greater: binary(lanes.greater),
    neg: unary(lanes.neg),
    abs: unary(lanes.abs),
    sqrt: unary(lanes.sqrt),
    floor: unary(lanes.floor),
    trunc: unary(lanes.trunc),
    nearest: unary(lanes.nearest),
    eq: binary(lanes.eq),
    lt: binary(lanes.lt),
    le: binary(lanes.le),
    and: binary(lanes.and),
    or: binary(lanes.or),
    xor: binary(lanes.xor),
    not: unary(lanes.not),
    shiftLeft: (x, by) => x.map((each) => lanes.shiftLeft(each, by)),
    shiftRight: (x, by) => x.map((each) => lanes.shiftRight(each, by)),
    select: ternary(lanes.select),
    rarely(mask, usual, rare) {
      const some = mask.reduce((x, y) => lanes.or(x, y));
      const chosen = lanes.rarely(some, usual.flat(), () =>
        rare().flatMap((values, k) => values.map((value, i) => lanes.select(mask[i], value, usual[k][i]))),
      );
      return usual.map((values, k) => values.map((_, i) => chosen[k * count + i]));
    },
    convert: (x, dtype) => x.map((each) => lanes.convert(each, dtype)),
    bitcast: (x, dtype) => x.map((each) => lanes.bitcast(each, dtype)),
  };
}
