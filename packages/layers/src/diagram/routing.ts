/**
 * Ways of lines on a grid: each source is joined with all that read it, by horizontal and vertical pieces that
 * may cross those of other sources, but never run along them. Lee's search, with costs for length, bends and crossings.
 */
import { openQueue } from "./queue.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle of grid points that something covers, ends included. */
export interface Block {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Directions: right, down, left, up. */
export type Direction = 0 | 1 | 2 | 3;
const STEPS: readonly Point[] = [
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: -1, y: 0 },
  { x: 0, y: -1 },
];
const DIRECTIONS: readonly Direction[] = [0, 1, 2, 3];

/** A line from one block to another. */
export interface Connection {
  readonly from: number;
  readonly to: number;
  /** Directions in which it may arrive. */
  readonly enters: readonly Direction[];
}

interface RoutingRequest {
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly Block[];
  /** Directions in which lines leave a block, from the middle of its sides. */
  readonly leaves: readonly (readonly Direction[])[];
  /** The columns in which lines enter a block from above and below. */
  readonly pins: readonly (readonly number[])[];
  /** In the order in which they look for a way. */
  readonly connections: readonly Connection[];
}

/** A piece between neighbouring points, of the lines that come from the block `net`; `a` is left of or above `b`. */
export interface Piece {
  readonly net: number;
  readonly a: Point;
  readonly b: Point;
}

export interface Routing {
  readonly pieces: readonly Piece[];
  /** Where lines enter blocks, on the block's edge. */
  readonly arrows: readonly { readonly at: Point; readonly direction: Direction; readonly block: number }[];
  /** Connections without a way. */
  readonly failed: readonly Connection[];
}

const BEND = 5;
const CROSSING = 4;
/** A line that branches looks better where it has run for a while. */
const BRANCH = 1;

/** What lines of one source do at a point: pass straight along an axis, or turn, end or branch there. */
type Use = "horizontal" | "vertical" | "corner";

/** Finds ways for all connections, one after the other; those that come first have the straightest. */
export function routeLines(request: RoutingRequest): Routing {
  const { width, height, blocks, leaves, pins, connections } = request;
  const indexOf = ({ x, y }: Point): number => y * width + x;
  const pointOf = (index: number): Point => ({ x: index % width, y: Math.floor(index / width) });
  const blockAt = new Map<number, number>();
  blocks.forEach(({ left, right, top, bottom }, block) => {
    for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) blockAt.set(indexOf({ x, y }), block);
  });
  /** Which nets have a piece from a point to the right (even) or down (odd). */
  const pieces = new Map<number, number>();
  const pieceKey = (from: Point, direction: Direction): number => {
    const start = direction === 0 || direction === 1 ? from : stepped(from, direction);
    return indexOf(start) * 2 + (direction % 2);
  };
  const uses = new Map<number, Map<number, Use>>();
  const trees = new Map<number, Set<number>>();
  const arrows: Routing["arrows"][number][] = [];
  const failed: Connection[] = [];

  const isInside = ({ x, y }: Point): boolean => x >= 0 && y >= 0 && x < width && y < height;
  /** Whether a net may be at a point that others pass, going in from one direction and out in another. */
  const mayPass = (net: number, index: number, into: Direction | undefined, out: Direction): boolean => {
    for (const [other, use] of uses.get(index) ?? []) {
      if (other === net) continue;
      if (into !== out || use === "corner") return false;
      if (use === (into % 2 === 0 ? "horizontal" : "vertical")) return false;
    }
    return true;
  };
  const othersAt = (net: number, index: number): boolean =>
    [...(uses.get(index)?.keys() ?? [])].some((other) => other !== net);

  for (const connection of connections) {
    const { from: net, to, enters } = connection;
    const mayEnter = (at: Point, direction: Direction): boolean =>
      enters.includes(direction) && (direction % 2 === 0 || pins[to].includes(at.x));
    const target = blocks[to];
    const goal: Point = { x: (target.left + target.right) / 2, y: (target.top + target.bottom) / 2 };
    const best = new Map<number, number>();
    const cameFrom = new Map<number, number>();
    const queue = openQueue();
    const stateOf = (index: number, direction: Direction): number => index * 4 + direction;
    const left = ({ x, y }: Point): number =>
      Math.max(0, Math.abs(x - goal.x) - (target.right - target.left) / 2) + Math.abs(y - goal.y);
    const offer = (state: number, cost: number, previous: number | undefined): void => {
      if (cost >= (best.get(state) ?? Infinity)) return;
      best.set(state, cost);
      if (previous === undefined) cameFrom.delete(state);
      else cameFrom.set(state, previous);
      queue.push(state, cost + left(pointOf(Math.floor(state / 4))));
    };
    const begin = (at: Point, direction: Direction, cost: number): void => {
      const next = stepped(at, direction);
      if (!isInside(next)) return;
      const owner = pieces.get(pieceKey(at, direction));
      if (owner !== undefined) return;
      const block = blockAt.get(indexOf(next));
      if (block !== undefined && (block !== to || !mayEnter(next, direction))) return;
      if (block === undefined && !mayStand(next, direction)) return;
      starts.set(stateOf(indexOf(next), direction), indexOf(at));
      offer(stateOf(indexOf(next), direction), cost, undefined);
    };
    /** Whether the net may arrive at a point in a direction; going on is looked at later. */
    const mayStand = (point: Point, direction: Direction): boolean => {
      for (const [other, use] of uses.get(indexOf(point)) ?? [])
        if (other !== net && (use === "corner" || use === (direction % 2 === 0 ? "horizontal" : "vertical")))
          return false;
      return true;
    };
    const starts = new Map<number, number>();
    const source = blocks[net];
    for (let y = source.top; y <= source.bottom; y++)
      for (let x = source.left; x <= source.right; x++)
        for (const direction of leaves[net]) {
          const isMiddle =
            direction % 2 === 0
              ? y === Math.round((source.top + source.bottom) / 2)
              : x === Math.round((source.left + source.right) / 2);
          if (isMiddle) begin({ x, y }, direction, 1);
        }
    for (const index of trees.get(net) ?? [])
      if (!othersAt(net, index)) for (const direction of DIRECTIONS) begin(pointOf(index), direction, 1 + BRANCH);

    let end: number | undefined;
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      const index = Math.floor(state / 4);
      const direction = (state % 4) as Direction;
      if (blockAt.get(index) === to) {
        end = state;
        break;
      }
      const at = pointOf(index);
      const cost = best.get(state) ?? Infinity;
      for (const out of DIRECTIONS) {
        if ((out + 2) % 4 === direction || !mayPass(net, index, direction, out)) continue;
        const next = stepped(at, out);
        if (!isInside(next) || pieces.has(pieceKey(at, out))) continue;
        const block = blockAt.get(indexOf(next));
        if (block !== undefined && (block !== to || !mayEnter(next, out))) continue;
        if (block === undefined && !mayStand(next, out)) continue;
        const price = 1 + (out === direction ? 0 : BEND) + (othersAt(net, index) ? CROSSING : 0);
        offer(stateOf(indexOf(next), out), cost + price, state);
      }
    }
    if (end === undefined) {
      failed.push(connection);
      continue;
    }
    const tree = trees.get(net) ?? new Set<number>();
    trees.set(net, tree);
    arrows.push({ at: pointOf(Math.floor(end / 4)), direction: (end % 4) as Direction, block: to });
    const turned = (index: number, use: Use): void => {
      const here = uses.get(index) ?? new Map<number, Use>();
      uses.set(index, here.set(net, here.has(net) && here.get(net) !== use ? "corner" : use));
      if (blockAt.get(index) === undefined) tree.add(index);
    };
    for (let state: number | undefined = end, later: Direction | undefined; state !== undefined;) {
      const index = Math.floor(state / 4);
      const direction = (state % 4) as Direction;
      const axis: Use = direction % 2 === 0 ? "horizontal" : "vertical";
      if (blockAt.get(index) === undefined) turned(index, later === undefined || later === direction ? axis : "corner");
      const before: number | undefined = cameFrom.get(state);
      const previous = before === undefined ? (starts.get(state) ?? index) : Math.floor(before / 4);
      pieces.set(pieceKey(pointOf(previous), direction), net);
      if (before === undefined && blockAt.get(previous) === undefined) turned(previous, "corner");
      later = direction;
      state = before;
    }
  }
  const all = [...pieces].map(([key, net]): Piece => {
    const a = pointOf(Math.floor(key / 2));
    return { net, a, b: stepped(a, key % 2 === 0 ? 0 : 1) };
  });
  return { pieces: all, arrows, failed };
}

const stepped = ({ x, y }: Point, direction: Direction): Point => ({
  x: x + STEPS[direction].x,
  y: y + STEPS[direction].y,
});
