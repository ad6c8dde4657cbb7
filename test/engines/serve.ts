/** Serves the test's pages from this machine: below /isolated with the headers of cross-origin isolation, below /plain without. */
import { createServer, type Server } from "node:http";
import { bundle } from "./bundle";

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const HTML =
  '<!doctype html><meta charset="utf-8"><title>Latchgrad</title><script type="module" src="page.js"></script>';

export interface Served {
  readonly url: string;
  close(): void;
}

export async function servePages(): Promise<Served> {
  const scripts = await bundle("browser", ["page", "worker"]);
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
