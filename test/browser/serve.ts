/** Serves the test's pages from this machine: below /isolated with the headers of cross-origin isolation, below /plain without. */
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../../scripts/lib/packages.mjs";

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const HTML =
  '<!doctype html><meta charset="utf-8"><title>Latchgrad</title><script type="module" src="page.js"></script>';

/** The scripts as a bundler for browsers makes them, by name: the packages and all that they depend on in one file each. */
async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: ["page", "worker"].map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir: root,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    alias: Object.fromEntries(
      ["core", "layers", "optim"].map((name) => [`@latchgrad/${name}`, `${root}/packages/${name}/src/index.ts`]),
    ),
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, text }) => [path.replace(/^.*[\\/]/, ""), text]));
}

export interface Served {
  readonly url: string;
  close(): void;
}

export async function servePages(): Promise<Served> {
  const scripts = await bundle();
  const server: Server = createServer(({ url = "" }, response) => {
    const [, folder, file] = /^\/(isolated|plain)\/(.*)$/.exec(url) ?? [];
    const text = file === "" ? HTML : scripts.get(file);
    response.writeHead(text === undefined ? 404 : 200, {
      "Content-Type": file === "" ? "text/html" : "text/javascript",
      ...(folder === "isolated" ? ISOLATION : {}),
    });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
