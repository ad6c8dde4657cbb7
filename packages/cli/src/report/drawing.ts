/**
 * Drawings as data: the inside of an SVG and its size, put beside and below each other into figures. The result is the same
 * text in a page and in a file; in a page ink has the colour of the text around it, so that it is seen on dark paper too.
 */
import { escapeText } from "./html.js";

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** SVG elements. */
  readonly content: string;
}

/** A drawing with the words that belong to it. */
export interface Figure {
  /** Names its file, and links to it: letters, digits and "-". */
  readonly id: string;
  readonly title: string;
  /** What is seen, and how to read it. */
  readonly caption: string;
  readonly drawing: Drawing;
}

/** Fonts of all drawings. Files that are turned into pixels have Inter with them. */
export const FONTS = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif";
export const FONT_SIZE = 12;
/** Width of a letter in the mean, as a share of the font size; a little more than in Inter, so that texts do not meet. */
const LETTER_WIDTH = 0.57;
export const textWidth = (text: string, size = FONT_SIZE): number => text.length * size * LETTER_WIDTH;

const moved = ({ content }: Drawing, x: number, y: number): string =>
  x === 0 && y === 0 ? content : `<g transform="translate(${x},${y})">${content}</g>`;

/** Drawings below each other. */
export function below(drawings: readonly Drawing[], gap = 8): Drawing {
  let y = 0;
  const content = drawings.map((drawing) => {
    const placed = moved(drawing, 0, y);
    y += drawing.height + gap;
    return placed;
  });
  return {
    width: Math.max(0, ...drawings.map(({ width }) => width)),
    height: Math.max(0, y - gap),
    content: content.join(""),
  };
}

/** Drawings beside each other. */
export function beside(drawings: readonly Drawing[], gap = 16): Drawing {
  let x = 0;
  const content = drawings.map((drawing) => {
    const placed = moved(drawing, x, 0);
    x += drawing.width + gap;
    return placed;
  });
  return {
    width: Math.max(0, x - gap),
    height: Math.max(0, ...drawings.map(({ height }) => height)),
    content: content.join(""),
  };
}

/** Drawings in rows of `columns`. */
export function inRows(drawings: readonly Drawing[], columns: number, gap = 16): Drawing {
  const rows = Array.from({ length: Math.ceil(drawings.length / columns) }, (_, row) =>
    beside(drawings.slice(row * columns, (row + 1) * columns), gap),
  );
  return below(rows, gap);
}

/** A drawing with a line of text above it. */
export function titled(text: string, drawing: Drawing): Drawing {
  const line: Drawing = {
    width: drawing.width,
    height: 18,
    content: `<text x="0" y="13" font-size="13" font-weight="600" fill="currentColor">${escapeText(text)}</text>`,
  };
  return below([line, drawing], 2);
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** How it is drawn: a line, a broken line, a dot, a diamond, or a block of colour. */
  readonly sign: "line" | "dashes" | "dot" | "diamond" | "block";
}

const SIGN_WIDTH = 20;
const LEGEND_ROW = 18;
const LEGEND_GAP = 18;

/** What the signs mean, in as many rows as the width needs. */
export function legend(entries: readonly LegendEntry[], width: number): Drawing {
  let x = 0;
  let y = 0;
  const content = entries.map(({ label, colour, sign }) => {
    const size = SIGN_WIDTH + 6 + textWidth(label);
    if (x > 0 && x + size > width) {
      x = 0;
      y += LEGEND_ROW;
    }
    const middle = y + LEGEND_ROW / 2;
    const text = `<text x="${round(x + SIGN_WIDTH + 6)}" y="${middle + 4}" font-size="${FONT_SIZE}" fill="currentColor">${escapeText(label)}</text>`;
    const drawn = `${signOf(sign, colour, round(x), middle)}${text}`;
    x += size + LEGEND_GAP;
    return drawn;
  });
  return { width, height: entries.length === 0 ? 0 : y + LEGEND_ROW, content: content.join("") };
}

function signOf(sign: LegendEntry["sign"], colour: string, x: number, y: number): string {
  switch (sign) {
    case "line":
    case "dashes": {
      const dashes = sign === "dashes" ? ' stroke-dasharray="5,3"' : "";
      return `<line x1="${x}" x2="${x + SIGN_WIDTH}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"${dashes}/>`;
    }
    case "dot":
      return `<circle cx="${x + SIGN_WIDTH / 2}" cy="${y}" r="3.5" fill="${colour}"/>`;
    case "diamond":
      return `<path d="M${x + 10},${y - 6}l5,6l-5,6l-5,-6z" fill="none" stroke="${colour}" stroke-width="2"/>`;
    case "block":
      return `<rect x="${x + 3}" y="${y - 6}" width="14" height="12" fill="${colour}"/>`;
    default:
      return sign satisfies never;
  }
}

/** A bar of colours with what its two ends, and perhaps places between, stand for. */
export function ramp(
  label: string,
  colours: readonly string[],
  ticks: readonly (readonly [share: number, text: string])[],
  width = 220,
): Drawing {
  const start = round(textWidth(label) + 12);
  const blocks = 40;
  const step = width / blocks;
  const bar = Array.from({ length: blocks }, (_, i) => {
    const colour = colours[Math.min(colours.length - 1, Math.floor((i / blocks) * colours.length))] ?? "currentColor";
    return `<rect x="${round(start + i * step)}" y="3" width="${round(step + 0.4)}" height="11" fill="${colour}"/>`;
  });
  const marks = ticks.map(([share, text]) => {
    const anchor = share <= 0 ? "start" : share >= 1 ? "end" : "middle";
    return `<text x="${round(start + share * width)}" y="27" font-size="11" text-anchor="${anchor}" fill="currentColor">${escapeText(text)}</text>`;
  });
  return {
    width: start + width,
    height: 31,
    content: `<text x="0" y="13" font-size="${FONT_SIZE}" fill="currentColor">${escapeText(label)}</text>${bar.join("")}${marks.join("")}`,
  };
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** Ink on white paper, for files. */
const INK_ON_PAPER = "#1d2430";

/** On narrow screens a figure is no smaller than this, in pixels, so that its letters can be read; it is moved sideways instead. */
const LEAST_WIDTH = 540;

/** The figure as an SVG element for a page: it takes the colour of the text around it. */
export const figureElement = (figure: Figure): string =>
  svgOf(figure, ` style="min-width:${Math.min(LEAST_WIDTH, Math.ceil(figure.drawing.width))}px"`);

/** The figure as the text of an SVG file: dark ink on white paper. */
export const figureFile = (figure: Figure): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${svgOf(figure, ` color="${INK_ON_PAPER}" style="background:#ffffff"`)}\n`;

/** Free space around, so that letters at the edges are not cut off. */
const MARGIN = 4;

function svgOf({ id, title, caption, drawing }: Figure, attributes: string): string {
  const [width, height] = [drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN].map(Math.ceil);
  const size = `viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" width="${width}" height="${height}"`;
  const names = `role="img" aria-labelledby="${id}-title ${id}-desc"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${names} font-family="${FONTS}" font-size="${FONT_SIZE}"${attributes}>`,
    `<title id="${id}-title">${escapeText(title)}</title><desc id="${id}-desc">${escapeText(caption)}</desc>`,
    withOwnIds(drawing.content, id),
    "</svg>",
  ].join("");
}

/** Plot counts what it refers to by id over the life of the process; here it is counted within the figure, so that equal figures are equal text. */
function withOwnIds(content: string, id: string): string {
  const known: string[] = [];
  return content.replace(/plot-(?:clip|marker)-\d+/g, (name) => {
    if (!known.includes(name)) known.push(name);
    return `${id}-part-${known.indexOf(name) + 1}`;
  });
}
