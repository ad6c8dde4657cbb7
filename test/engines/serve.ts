/** Serves pages from this machine: below /isolated with the headers of cross-origin isolation, below /plain without. */
import { createServer, type Server } from "node:http";
import { extname } from "node:path";

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const HTML =
  '<!doctype html><meta charset="utf-8"><title>Latchgrad</title><script type="module" src="page.js"></script>';

const TYPES: Readonly<Record<string, string>> = {
  "": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

export interface Served {
  readonly url: string;
  close(): void;
}

/** Both folders have the files, by name, and a page that loads page.js. */
export async function servePages(files: ReadonlyMap<string, string | Uint8Array>): Promise<Served> {
  const server: Server = createServer(({ url = "" }, response) => {
    const [, folder, file = ""] = /^\/(isolated|plain)\/(.*)$/.exec(url) ?? [];
    const content = folder === undefined ? undefined : file === "" ? HTML : files.get(file);
    response.writeHead(content === undefined ? 404 : 200, {
      "Content-Type": TYPES[extname(file)],
      ...(folder === "isolated" ? ISOLATION : {}),
    });
    response.end(content);
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
