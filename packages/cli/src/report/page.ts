/** The frame of a page: one HTML file with everything in it, which asks for nothing else. */
import { figureElement, type Figure } from "./drawing.js";
import { html, trusted, type Content, type Markup } from "./html.js";
import { PAGE_STYLE } from "./page-style.js";

/** A part of a page, with its own line in the table of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Content;
  /** Shown below the content, and listed below the section in the table of contents. */
  readonly figures: readonly Figure[];
}

export interface Page {
  readonly title: string;
  /** What the page is, above the title: "Run", "Comparison". */
  readonly kind: string;
  /** Below the title. */
  readonly lead: Content;
  readonly sections: readonly Section[];
  /** How the drawings are had as files; absent: as those of a run. */
  readonly files?: Content;
}

/** Nothing may be loaded and no script run, whatever a name in a config contains. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const FILES_OF_RUN = html`<code>latchgrad report RUN --plots FOLDER</code> writes them as files.`;

/** The text of the HTML file. Equal pages give equal text. */
export function printPage({ title, kind, lead, sections, files = FILES_OF_RUN }: Page): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="generator" content="Latchgrad" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(PAGE_STYLE)}
        </style>
      </head>
      <body>
        <div class="layout">
          <nav aria-label="Contents">
            <p>Contents</p>
            <ol>
              ${sections.map(entryOf)}
            </ol>
          </nav>
          <main>
            <header>
              <p class="kind">${kind}</p>
              <h1>${title}</h1>
              <p class="lead">${lead}</p>
            </header>
            ${sections.map(sectionOf)}
            <footer>Written by Latchgrad. Every drawing is an SVG element. ${files}</footer>
          </main>
        </div>
      </body>
    </html> `;
  return page.markup;
}

const entryOf = ({ id, title, figures }: Section): Markup => {
  const inner = figures.map((figure) => html`<li><a href="#${figure.id}">${figure.title}</a></li>`);
  return html`<li>
    <a href="#${id}">${title}</a>${
      figures.length > 1
        ? html`<ol>
            ${inner}
          </ol>`
        : undefined
    }
  </li>`;
};

const sectionOf = ({ id, title, content, figures }: Section): Markup =>
  html`<section id="${id}">
    <h2>${title}</h2>
    ${content} ${figures.map(figureOf)}
  </section> `;

const figureOf = (figure: Figure): Markup =>
  html`<figure id="${figure.id}">
    <h3>${figure.title}</h3>
    <div class="drawing" tabindex="0" role="group" aria-label="${figure.title}">${trusted(figureElement(figure))}</div>
    <figcaption>${figure.caption}</figcaption>
  </figure> `;

/** A table with a heading row; cells of columns in `right` stand to the right. */
export const tableOf = (
  headings: readonly Content[],
  rows: readonly (readonly Content[])[],
  right: readonly number[] = [],
): Markup => {
  const kindOf = (column: number): string => (right.includes(column) ? "number" : "text");
  const heads = headings.map((heading, i) => html`<th scope="col" class="${kindOf(i)}">${heading}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>
        ${row.map((cell, i) => html`<td class="${kindOf(i)}">${cell}</td>`)}
      </tr>`,
  );
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
};

/** Facts as tiles: what, how much, and a remark. */
export const tilesOf = (
  facts: readonly { readonly name: string; readonly value: string; readonly note?: string | undefined }[],
): Markup =>
  html`<dl class="tiles">
    ${facts.map(
      ({ name, value, note }) =>
        html`<div class="tile">
          <dt>${name}</dt>
          <dd>${value}${note === undefined ? undefined : html`<small>${note}</small>`}</dd>
        </div>`,
    )}
  </dl>`;

export const verdictOf = (sentence: string): Markup => html`<p class="verdict">${sentence}</p>`;
export const remarkOf = (sentence: string): Markup => html`<p class="remark">${sentence}</p>`;
