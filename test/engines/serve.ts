/** Serves pages from this machine, below a folder for each set of headers. */
import { createServer, type Server } from "node:http";
import { extname } from "node:path";

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const FOLDERS = {
  isolated: ISOLATION,
  plain: {},
  /** Scripts of its own, but no WebAssembly. */
  strict: { "Content-Security-Policy": "script-src 'self'" },
  /** WebAssembly, but no workers of text. */
  ownWorkers: { ...ISOLATION, "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" },
} as const;

export type Folder = keyof typeof FOLDERS;

const isFolder = (name: string | undefined): name is Folder => name !== undefined && Object.hasOwn(FOLDERS, name);

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

/** Every folder has the files, by name, and a page that loads page.js. */
export async function servePages(files: ReadonlyMap<string, string | Uint8Array>): Promise<Served> {
  const server: Server = createServer(({ url = "" }, response) => {
    const [, folder, file = ""] = /^\/(\w+)\/(.*)$/.exec(url) ?? [];
    const content = file === "" ? HTML : files.get(file);
    if (!isFolder(folder) || content === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": TYPES[extname(file)], ...FOLDERS[folder] });
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
