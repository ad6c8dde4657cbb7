/** Writes a scene as the text of an SVG. */
import type { FlowVertex } from "./data-flow.js";
import { shortLabel, textWidth } from "./labels.js";
import type { Direction, Point } from "./routing.js";

export interface Scene {
  readonly title: string;
  readonly vertices: readonly {
    readonly vertex: FlowVertex;
    readonly at: Point;
    readonly halfWidth: number;
    readonly halfHeight: number;
    /** Beside it. */
    readonly name: string | undefined;
  }[];
  readonly lines: readonly { readonly from: Point; readonly to: Point; readonly isUpright: boolean }[];
  /** Where lines of different sources cross: the upright one goes below. */
  readonly crossings: readonly Point[];
  readonly junctions: readonly Point[];
  readonly arrows: readonly {
    readonly at: Point;
    readonly direction: Direction;
    /** How far from the middle of what it points at it ends; undefined: no head. */
    readonly before: number | undefined;
    readonly middle: Point;
  }[];
}

const INK = "#2b2f36";
const PAPER = "#ffffff";
const BODY = "#eef4ec";
const BODY_EDGE = "#9db597";
const LEARNED = "#ffe7a3";
const LEARNED_EDGE = "#b98a12";
const PLAIN = "#ffffff";
const OPERATOR = "#fbd9d6";
const OPERATOR_EDGE = "#b9554c";

const MARGIN = 26;
const round = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** The whole file. */
export function writeSvg(scene: Scene): string {
  const { vertices, lines } = scene;
  const inner = vertices.filter(
    ({ vertex }) => vertex.kind === "function" || vertex.kind === "operator" || vertex.kind === "join",
  );
  const boxOf = (points: readonly { left: number; right: number; top: number; bottom: number }[]) => ({
    left: Math.min(...points.map(({ left }) => left)),
    right: Math.max(...points.map(({ right }) => right)),
    top: Math.min(...points.map(({ top }) => top)),
    bottom: Math.max(...points.map(({ bottom }) => bottom)),
  });
  const pointBox = ({ x, y }: Point) => ({ left: x, right: x, top: y, bottom: y });
  const outer = vertices.filter((each) => !inner.includes(each));
  const endX = { left: Math.min(...outer.map(({ at }) => at.x)), right: Math.max(...outer.map(({ at }) => at.x)) };
  const body = boxOf([
    ...inner.map(({ at, halfWidth, halfHeight, name }) => ({
      left: at.x - halfWidth - 14,
      right: at.x + Math.max(halfWidth, name === undefined ? 0 : 4 + textWidth(name, 13)) + 14,
      top: at.y - halfHeight - 18,
      bottom: at.y + halfHeight + 14,
    })),
    ...lines
      .flatMap(({ from, to }) => [from, to])
      .filter(({ x }) => x > endX.left && x < endX.right)
      .map(({ x, y }) => ({ left: x - 12, right: x + 12, top: y, bottom: y })),
  ]);
  const names = vertices.filter(({ vertex }) => ["state", "input", "next", "output"].includes(vertex.kind));
  const frame = boxOf([
    body,
    ...names.map(({ at, vertex }) => {
      const width = textWidth(shortLabel(vertex.label), 15);
      return vertex.kind === "state"
        ? { ...pointBox(at), left: at.x - width - 8 }
        : vertex.kind === "next"
          ? { ...pointBox(at), right: at.x + width + 8 }
          : { left: at.x - width / 2, right: at.x + width / 2, top: at.y - 8, bottom: at.y + 8 };
    }),
  ]);
  const [left, top] = [frame.left - MARGIN, frame.top - MARGIN];
  const [width, height] = [frame.right - left + MARGIN, frame.bottom - top + MARGIN];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${[left, top, width, height].map(round).join(" ")}" width="${round(width)}" height="${round(height)}" role="img" font-family="Helvetica, Arial, sans-serif">`,
    `<title>${escaped(scene.title)}</title>`,
    `<rect x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(height)}" fill="${PAPER}"/>`,
    `<rect x="${round(body.left)}" y="${round(body.top)}" width="${round(body.right - body.left)}" height="${round(body.bottom - body.top)}" rx="14" fill="${BODY}" stroke="${BODY_EDGE}"/>`,
    `<g stroke="${INK}" stroke-width="1.6" stroke-linecap="round" fill="none">`,
    `<path d="${pathOf(lines.filter(({ isUpright }) => isUpright))}"/>`,
    ...(scene.crossings.length === 0
      ? []
      : [
          `<path stroke="${BODY}" stroke-width="6" stroke-linecap="butt" d="${scene.crossings.map(({ x, y }) => `M${round(x - 4)} ${round(y)}h8`).join("")}"/>`,
        ]),
    `<path d="${pathOf(lines.filter(({ isUpright }) => !isUpright))}"/>`,
    `</g>`,
    `<g fill="${INK}">`,
    ...scene.junctions.map(({ x, y }) => `<circle cx="${round(x)}" cy="${round(y)}" r="2.6"/>`),
    `</g>`,
    ...vertices.map(drawVertex),
    `<g fill="${INK}">`,
    ...scene.arrows.flatMap(drawArrow),
    `</g>`,
    `</svg>`,
    "",
  ];
  return parts.join("\n");
}

const pathOf = (lines: Scene["lines"]): string =>
  lines
    .map(
      ({ from, to, isUpright }) =>
        `M${round(from.x)} ${round(from.y)}${isUpright ? `V${round(to.y)}` : `H${round(to.x)}`}`,
    )
    .join("");

function drawArrow({ at, direction, before, middle }: Scene["arrows"][number]): readonly string[] {
  if (before === undefined) return [];
  const isAlong = direction % 2 === 0;
  const sign = direction < 2 ? 1 : -1;
  const tip: Point = isAlong ? { x: middle.x - sign * before, y: at.y } : { x: at.x, y: middle.y - sign * before };
  const wing = (side: number): string =>
    isAlong
      ? `${round(tip.x - sign * 7)} ${round(tip.y + side * 3.6)}`
      : `${round(tip.x + side * 3.6)} ${round(tip.y - sign * 7)}`;
  return [`<path d="M${round(tip.x)} ${round(tip.y)}L${wing(1)}L${wing(-1)}z"/>`];
}

function drawVertex({ vertex, at, halfWidth, halfHeight, name }: Scene["vertices"][number]): string {
  const { kind, label, learned, equation } = vertex;
  const [x, y] = [round(at.x), round(at.y)];
  const text = (content: string, tx: number, ty: number, size: number, anchor: string, style = ""): string =>
    `<text x="${round(tx)}" y="${round(ty)}" font-size="${size}" text-anchor="${anchor}" fill="${INK}"${style}>${escaped(content)}</text>`;
  const hint = equation === undefined ? "" : `<title>${escaped(equation)}</title>`;
  const italic = ' font-style="italic"';
  const beside = name === undefined ? "" : text(name, at.x + 5, at.y - halfHeight - 5, 13, "start", italic);
  switch (kind) {
    case "function":
      return `<g>${hint}<rect x="${round(at.x - halfWidth)}" y="${round(at.y - halfHeight)}" width="${round(2 * halfWidth)}" height="${round(2 * halfHeight)}" rx="4" fill="${learned === true ? LEARNED : PLAIN}" stroke="${learned === true ? LEARNED_EDGE : INK}"/>${text(shortLabel(label), at.x, at.y + 4.5, 13, "middle")}${beside}</g>`;
    case "operator":
      return `<g>${hint}<rect x="${round(at.x - halfWidth)}" y="${round(at.y - halfHeight)}" width="${round(2 * halfWidth)}" height="${round(2 * halfHeight)}" rx="${round(halfHeight)}" fill="${OPERATOR}" stroke="${OPERATOR_EDGE}"/>${text(shortLabel(label), at.x, at.y + (label.length === 1 ? 5 : 4), label.length === 1 ? 15 : 12, "middle")}${beside}</g>`;
    case "join":
      return `<circle cx="${x}" cy="${y}" r="2.6" fill="${INK}"/>`;
    case "state":
      return text(shortLabel(label), at.x - 5, at.y + 5, 15, "end", italic);
    case "next":
      return text(shortLabel(label), at.x + 6, at.y + 5, 15, "start", italic);
    case "input":
      return text(shortLabel(label), at.x, at.y + 14, 15, "middle", italic);
    case "output":
      return text(shortLabel(label), at.x, at.y - 6, 15, "middle", italic);
    default:
      return kind satisfies never;
  }
}
