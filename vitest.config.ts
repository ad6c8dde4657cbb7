// All tests of the repository run from here, against the sources: no build is needed for `npm run unit`.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^@latchgrad\/([a-z]+)$/, replacement: `${root}packages/$1/src/index.ts` }] },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/random-seed.ts"],
    // Processes rather than threads, because tests start workers, send signals and fill memories of their own.
    pool: "forks",
    maxWorkers: 2,
    // Files that a process runs one after the other share what they import; otherwise a third of the time goes to imports.
    // Mocks and stubs do not outlast their test.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
