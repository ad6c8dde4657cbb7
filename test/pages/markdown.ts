// The few forms that generated pages consist of.

/** Says, at the top of a page, that it is generated, and from what. */
export const generatedNote = (from: string): string =>
  `> Generated from ${from} by \`npm run reference\`. Do not edit it by hand: \`npm test\` compares it with the sources.`;

export const section = (level: number, title: string, parts: readonly string[]): string =>
  [`${"#".repeat(level)} ${title}`, ...parts.filter((part) => part !== "")].join("\n\n");

export const listOf = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

/** Texts in quotation marks become code, so that Markdown leaves their characters alone. */
export const quoted = (text: string): string => text.replace(/"([^"]*)"/g, '`"$1"`');

/** Plain text with the characters escaped that Markdown or HTML would read as their own. */
export const escaped = (text: string): string => text.replace(/[<>*_[\]|\\]/g, "\\$&");
