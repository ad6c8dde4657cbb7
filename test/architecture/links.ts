// Links in Markdown files: every relative one must lead to a file, and to a heading where it names one.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../scripts/lib/packages.mjs";

/** The relative links of a Markdown text that lead nowhere. `path` is relative to the root. */
export function brokenLinks(path: string, text: string): readonly string[] {
  return linksOf(text)
    .filter((link) => !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link) && !isFound(path, text, link))
    .map((link) => `${path}: broken link ${link}`);
}

/** Targets of inline links, images and link definitions, outside code. */
function linksOf(text: string): readonly string[] {
  const prose = withoutFences(text).replace(/`[^`\n]*`/g, "");
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g);
  const definitions = prose.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm);
  return [...inline, ...definitions].flatMap(([, link]) => link ?? []);
}

function isFound(path: string, text: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = join(root, dirname(path), decodeURIComponent(file));
  if (file !== "" && !existsSync(target)) return false;
  if (anchor === undefined || (file !== "" && !file.endsWith(".md"))) return true;
  if (file !== "" && !statSync(target).isFile()) return false;
  return anchorsOf(file === "" ? text : readFileSync(target, "utf8")).has(anchor);
}

/** Anchors as GitHub derives them from headings; a repeated heading gets a number. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

const withoutFences = (text: string): string => text.replace(/^(\s*)(```+|~~~+)[^\n]*\n[\s\S]*?^\s*\2[`~]*\s*$/gm, "");
