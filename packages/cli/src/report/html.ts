/** Pieces of HTML and SVG as data: text is escaped wherever it enters, and only markup made here is taken as it is. */

export interface Markup {
  readonly markup: string;
}

/** What can stand in markup: text and numbers, which are escaped, other markup, lists of these, and nothing. */
export type Content = string | number | Markup | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters and halves of surrogate pairs, which neither HTML nor XML may hold. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text with every character replaced that means something in HTML or XML, or that neither may hold. */
export const escapeText = (text: string): string =>
  text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);

/** Markup that is taken as it is: never give it text from a file. */
export const trusted = (markup: string): Markup => ({ markup });

/** Markup with values in it: html`<b>${name}</b>`. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return trusted(parts.map((part, i) => part + (i < values.length ? markupOf(values[i]) : "")).join(""));
}

function markupOf(content: Content): string {
  if (content === undefined) return "";
  if (typeof content === "string") return escapeText(content);
  if (typeof content === "number") return String(content);
  return isList(content) ? content.map(markupOf).join("") : content.markup;
}

const isList = (content: Markup | readonly Content[]): content is readonly Content[] => Array.isArray(content);
