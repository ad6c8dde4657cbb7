/**
 * What a bundle needs so that its functions are compiled when it is loaded, and not each at its first call.
 *
 * Engines read a function quickly when they load it and compile it when it is called, which reads it again. A derivation and a compilation call
 * some 1,500 functions for the first time. Around a function expression, parentheses ask V8 and SpiderMonkey to compile it at once
 * (https://v8.dev/blog/preparser#pife), and what is compiled by then is what a cache of compiled code keeps. Declarations cannot be asked for:
 * they become variables at the beginning of their block, where a declaration has its value as well.
 */
import remapping, { type SourceMap, type SourceMapInput } from "@jridgewell/remapping";
import { parse } from "acorn";
import type { Node as AnyNode, Program } from "estree";
import { walk } from "estree-walker";
import MagicString from "magic-string";

type Node = AnyNode & { readonly start: number; readonly end: number };

/** `code`, a module of a bundle, with every function in parentheses, and where `map` leads from it to its sources, such a map of the result. */
export function compiledAtLoading(code: string, map?: SourceMapInput | null): { code: string; map?: SourceMap } {
  const edited = new MagicString(code);
  const between = (node: Node, before: string, after: string): void => {
    edited.prependRight(node.start, before);
    edited.appendLeft(node.end, after);
  };
  walk(parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Program, {
    enter(found, parent) {
      const node = found as Node;
      if (node.type === "FunctionDeclaration") {
        if (parent?.type !== "Program" && parent?.type !== "BlockStatement") return;
        const block = parent.body.find(({ type }) => type !== "ImportDeclaration") as Node;
        between(node, `var ${node.id.name} = (`, ");\n");
        if (node !== block) edited.move(node.start, node.end, block.start);
      } else if (node.type === "ArrowFunctionExpression" || (node.type === "FunctionExpression" && !isMethod(parent))) {
        between(node, "(", ")");
      }
    },
  });
  const result = edited.toString();
  if (map === undefined || map === null) return { code: result };
  const moves = edited.generateMap({ source: "bundle", hires: "boundary" });
  return { code: result, map: remapping(moves.toString(), (_, context) => (context.depth === 1 ? map : null)) };
}

/** Whether a function expression that is read in `parent` has no `function` of its own in the text. */
function isMethod(parent: AnyNode | null): boolean {
  return (
    parent?.type === "MethodDefinition" || (parent?.type === "Property" && (parent.method || parent.kind !== "init"))
  );
}
