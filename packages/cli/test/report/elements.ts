// Pages and drawings as elements, to look things up in.
import * as linkedom from "linkedom";

export interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

// The library's own types are those of a browser, which these tests are without.
const { parseHTML } = linkedom as unknown as { parseHTML(text: string): { readonly document: Element } };

export const documentOf = (text: string): Element => parseHTML(text).document;

/** What a selector finds, in the order of the document. */
export const all = (element: Element, selector: string): readonly Element[] => [...element.querySelectorAll(selector)];
