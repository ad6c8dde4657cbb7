/** A placed data flow as SVG: lines find their ways on a grid, the grid gets coordinates, and everything is drawn. */
import type { FlowVertex } from "./data-flow.js";
import type { Placement } from "./placement.js";
import {
  routeLines,
  type Block,
  type Connection,
  type Direction,
  type Piece,
  type Point,
  type Routing,
} from "./routing.js";
import { spacedLines, type Comb, type Distance } from "./spacing.js";
import { shortLabel, textWidth } from "./labels.js";
import type { Scene } from "./svg.js";

/** Grid points between neighbouring columns and rows: room for lines beside and between what stands there. */
interface Pitch {
  readonly x: number;
  readonly y: number;
}

const ALL: readonly Direction[] = [0, 1, 2, 3];
const [RIGHT, DOWN, , UP]: readonly Direction[] = [0, 1, 2, 3];

/** Directions in which lines leave a vertex; `isFalling`: all that it reads stands above it. */
function leavesOf({ kind, learned }: FlowVertex, isFalling: boolean): readonly Direction[] {
  switch (kind) {
    case "state":
      return [RIGHT];
    case "input":
      return [UP];
    case "next":
    case "output":
      return [];
    case "join":
    case "operator":
      return ALL;
    case "function":
      if (learned === true) return [UP];
      return isFalling ? [DOWN, RIGHT] : [UP, RIGHT, DOWN];
    default:
      return kind satisfies never;
  }
}

/** Directions in which a line arrives at a vertex. What weights are multiplied with comes from below, as in textbooks. */
function entersOf(from: FlowVertex, { kind, learned }: FlowVertex, isBelow: boolean): readonly Direction[] {
  if (kind === "next") return [RIGHT];
  if (kind === "output") return [UP];
  if (kind !== "function") return ALL;
  if (learned === true) return isBelow || from.kind === "join" ? [UP] : [UP, RIGHT];
  return [UP, RIGHT, DOWN];
}

/** Grid points on each side of the middle that a vertex covers. */
const reachOf = ({ kind, reads }: FlowVertex): number =>
  kind === "function" ? Math.max(1, Math.ceil((reads.length - 1) / 2)) : 0;

/** Grid columns in which lines come to a vertex from above and below: spread out evenly. */
function pinsOf({ kind, reads }: FlowVertex, { left, right }: Block): readonly number[] {
  const middle = (left + right) / 2;
  if (kind !== "function" || reads.length < 2) return [middle];
  const all = Array.from({ length: right - left + 1 }, (_, i) => left + i);
  return reads.length % 2 === 0 ? all.filter((x) => x !== middle) : all;
}

/** A scene, and the lines of it that found no way. */
interface Layout extends Scene {
  readonly routing: Pick<Routing, "failed">;
}

/** Grids that are tried, each with more room than the one before. */
const ATTEMPTS = 4;

/** The layout of a placed flow: with the narrowest grid on which every line finds a way. */
export function layoutOf(placement: Placement, title: string): Layout {
  for (let attempt = 1; ; attempt++) {
    const routed = route(placement, { x: 2 + 4 * attempt, y: 2 + 4 * attempt });
    if (routed.routing.failed.length === 0 || attempt === ATTEMPTS)
      return { ...sceneOf(placement.flow, routed, title), routing: routed.routing };
  }
}

interface Routed {
  readonly routing: Routing;
  readonly blocks: readonly Block[];
  readonly width: number;
  readonly height: number;
}

function route({ flow, columns, rows, columnCount, rowCount }: Placement, pitch: Pitch): Routed {
  const width = (columnCount + 1) * pitch.x;
  const height = (rowCount + 1) * pitch.y;
  const blocks = flow.map((vertex, id): Block => {
    const x = Math.round((columns[id] + 0.5) * pitch.x);
    const y = Math.round((rows[id] + 0.5) * pitch.y);
    const reach = reachOf(vertex);
    return { left: x - reach, right: x + reach, top: y, bottom: y };
  });
  const connections = flow.flatMap((vertex, to) =>
    vertex.reads.map((from): Connection => ({ from, to, enters: entersOf(flow[from], vertex, rows[from] > rows[to]) })),
  );
  const lengthOf = ({ from, to }: Connection): number =>
    Math.abs(blocks[from].left - blocks[to].left) + 3 * Math.abs(blocks[from].top - blocks[to].top);
  const isAlong = ({ from, to }: Connection): boolean => rows[from] === rows[to] && flow[to].kind !== "function";
  const isUpright = ({ from, to }: Connection): boolean => columns[from] === columns[to];
  const order = (connection: Connection): number =>
    isAlong(connection) ? 0 : isUpright(connection) ? 1 : flow[connection.from].kind === "join" ? 2 : 3;
  const routing = routeLines({
    width,
    height,
    blocks,
    leaves: flow.map((vertex, id) =>
      leavesOf(
        vertex,
        vertex.reads.every((read) => rows[read] < rows[id]),
      ),
    ),
    pins: flow.map((vertex, id) => pinsOf(vertex, blocks[id])),
    connections: connections.toSorted((a, b) => order(a) - order(b) || lengthOf(a) - lengthOf(b)),
  });
  return { routing, blocks, width, height };
}

const GAP = 13;
/** Between lines that enter one box. */
const PIN_STEP = 10;
const BOX_HEIGHT = 26;
const RADIUS = 11;
const NAME_HEIGHT = 15;

/** Half the width of what stands at a vertex, in pixels. */
function halfWidth({ kind, label }: FlowVertex): number {
  if (kind === "function") return Math.max(19, textWidth(shortLabel(label), 13) / 2 + 7);
  if (kind === "operator") return Math.max(RADIUS, textWidth(shortLabel(label), 12) / 2 + 5);
  if (kind === "input") return textWidth(shortLabel(label), 15) / 2;
  return kind === "join" ? 2 : 4;
}
const halfHeight = ({ kind }: FlowVertex): number =>
  kind === "function" ? BOX_HEIGHT / 2 : kind === "operator" ? RADIUS : kind === "join" ? 2 : 4;

/** The name beside a vertex: not where an end says it, or the label does. */
function nameBeside(flow: readonly FlowVertex[], id: number): string | undefined {
  const { kind, name, label } = flow[id];
  if (name === undefined || (kind !== "function" && kind !== "operator") || name === label) return undefined;
  const isSaid = flow.some((end) => end.kind === "next" && end.label === name && end.reads.includes(id));
  return isSaid ? undefined : shortLabel(name);
}

function sceneOf(flow: readonly FlowVertex[], { routing, blocks, width, height }: Routed, title: string): Scene {
  const verticals = routing.pieces.filter(({ a, b }) => a.x === b.x);
  const horizontals = routing.pieces.filter(({ a, b }) => a.y === b.y);
  const middle = ({ left, right, top }: Block): Point => ({ x: Math.round((left + right) / 2), y: top });
  const names = flow.map((_, id) => nameBeside(flow, id));

  const acrossX: Distance[] = [];
  const acrossY: Distance[] = [];
  const usedX = [...new Set([...verticals.map(({ a }) => a.x), ...blocks.map((block) => middle(block).x)])].sort(
    (a, b) => a - b,
  );
  const usedY = [...new Set([...horizontals.map(({ a }) => a.y), ...blocks.map((block) => middle(block).y)])].sort(
    (a, b) => a - b,
  );
  // The lines that enter a box lie below it, as those in the same places of its column do.
  const reaches = new Map<number, number>();
  blocks.forEach((block) => {
    const { x } = middle(block);
    reaches.set(x, Math.max(reaches.get(x) ?? 0, block.right - x));
  });
  const combs = [...reaches].map(([x, reach]): Comb => ({ first: x - reach, last: x + reach, step: PIN_STEP }));
  const isCombed = (x: number): boolean => combs.some(({ first, last }) => x > first && x <= last);
  usedX.slice(1).forEach((x, i) => isCombed(x) || acrossX.push({ from: usedX[i], to: x, least: GAP }));
  usedY.slice(1).forEach((y, i) => acrossY.push({ from: usedY[i], to: y, least: GAP }));
  blocks.forEach((block, id) => {
    const { x, y } = middle(block);
    const half = halfWidth(flow[id]);
    const nameWidth = names[id] === undefined ? 0 : textWidth(names[id] ?? "", 13) + 8;
    const tall = halfHeight(flow[id]);
    // Lines that pass a vertex keep away from it, and from the name above its right corner.
    for (const { a, b } of verticals) {
      if (b.y < y - 1 || a.y > y + 1) continue;
      const isNear = a.y <= y && b.y >= y;
      if (a.x < block.left && isNear) acrossX.push({ from: a.x, to: x, least: half + 8 });
      if (a.x > block.right)
        acrossX.push({ from: x, to: a.x, least: Math.max(isNear ? half + 8 : 0, a.y < y ? 4 + nameWidth : 0) });
    }
    blocks.forEach((other, i) => {
      const at = middle(other);
      if (i === id || at.y !== y || at.x <= x) return;
      acrossX.push({ from: x, to: at.x, least: Math.max(half, nameWidth) + halfWidth(flow[i]) + 16 });
    });
    for (const { a, b } of horizontals) {
      if (b.x < block.left || a.x > block.right + 1) continue;
      if (a.y < y) acrossY.push({ from: a.y, to: y, least: tall + (names[id] === undefined ? 10 : NAME_HEIGHT + 6) });
      if (a.y > y) acrossY.push({ from: y, to: a.y, least: tall + 10 });
    }
    blocks.forEach((other, i) => {
      const at = middle(other);
      if (i === id || at.y <= y) return;
      acrossY.push({
        from: y,
        to: at.y,
        least: tall + halfHeight(flow[i]) + (names[i] === undefined ? 18 : NAME_HEIGHT + 14),
      });
    });
  });
  const xs = spacedLines(width, acrossX, combs);
  const ys = spacedLines(height, acrossY);
  const place = ({ x, y }: Point): Point => ({ x: xs[x], y: ys[y] });
  return {
    title,
    vertices: flow.map((vertex, id) => ({
      vertex,
      at: place(middle(blocks[id])),
      halfWidth: halfWidth(vertex),
      halfHeight: halfHeight(vertex),
      name: names[id],
    })),
    lines: linesOf(routing.pieces, place),
    crossings: crossingsOf(routing.pieces).map(place),
    junctions: junctionsOf(routing.pieces, blocks).map(place),
    arrows: routing.arrows.map(({ at, direction, block }) => ({
      at: place(at),
      direction,
      // Half of what the arrow has to stop in front of.
      before:
        flow[block].kind === "join"
          ? undefined
          : direction % 2 === 0
            ? halfWidth(flow[block])
            : halfHeight(flow[block]),
      middle: place(middle(blocks[block])),
    })),
  };
}

const keyOf = ({ x, y }: Point): string => `${x},${y}`;

/** Pieces put together to straight lines. */
function linesOf(pieces: readonly Piece[], place: (point: Point) => Point): Scene["lines"] {
  const starts = new Map(
    pieces.map((piece) => [`${piece.net}:${piece.a.x === piece.b.x}:${keyOf(piece.a)}`, piece] as const),
  );
  const ends = new Set(pieces.map((piece) => `${piece.net}:${piece.a.x === piece.b.x}:${keyOf(piece.b)}`));
  return pieces.flatMap((piece) => {
    const isUpright = piece.a.x === piece.b.x;
    if (ends.has(`${piece.net}:${isUpright}:${keyOf(piece.a)}`)) return [];
    let last = piece;
    for (let next = starts.get(`${piece.net}:${isUpright}:${keyOf(last.b)}`); next !== undefined;) {
      last = next;
      next = starts.get(`${piece.net}:${isUpright}:${keyOf(last.b)}`);
    }
    return [{ from: place(piece.a), to: place(last.b), isUpright }];
  });
}

/** Points where lines of two sources cross. */
function crossingsOf(pieces: readonly Piece[]): readonly Point[] {
  const nets = new Map<string, Set<number>>();
  const points = new Map<string, Point>();
  for (const { net, a, b } of pieces)
    for (const point of [a, b]) {
      nets.set(keyOf(point), (nets.get(keyOf(point)) ?? new Set<number>()).add(net));
      points.set(keyOf(point), point);
    }
  return [...nets].flatMap(([key, each]) => (each.size > 1 ? [points.get(key) ?? { x: 0, y: 0 }] : []));
}

/** Points where a line branches, outside of what it comes from. */
function junctionsOf(pieces: readonly Piece[], blocks: readonly Block[]): readonly Point[] {
  const degrees = new Map<string, { point: Point; count: number }>();
  for (const { net, a, b } of pieces)
    for (const point of [a, b]) {
      const key = `${net}:${keyOf(point)}`;
      degrees.set(key, { point, count: (degrees.get(key)?.count ?? 0) + 1 });
    }
  const isCovered = ({ x, y }: Point): boolean =>
    blocks.some(({ left, right, top, bottom }) => x >= left && x <= right && y >= top && y <= bottom);
  return [...degrees.values()].flatMap(({ point, count }) => (count > 2 && !isCovered(point) ? [point] : []));
}
