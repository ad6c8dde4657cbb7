// Installing and building: the two steps that `npm start`, `npm test` and `npm run build` share.
import { packageFolder, packageNames } from "./packages.mjs";
import { pnpm, runAll, tool } from "./run.mjs";
import { unlessInStep } from "./stamp.mjs";

const manifests = ["package.json", ...packageNames.map((name) => `packages/${name}/package.json`)];
const locks = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests];

export const install = () =>
  unlessInStep(
    { name: "install", inputs: locks, outputs: packageNames.map((name) => `packages/${name}/node_modules`) },
    () => pnpm(["install", "--frozen-lockfile"]),
  );

const buildInputs = packageNames.flatMap((name) =>
  ["src", "tsup.config.ts", "tsconfig.json"].map((path) => `packages/${name}/${path}`),
);

/** Builds the packages from left to right, because each needs the types of those before it. */
export const build = () =>
  unlessInStep(
    {
      name: "build",
      inputs: [...locks, "tsup.base.ts", "tsconfig.base.json", ...buildInputs],
      outputs: packageNames.flatMap((name) => [`packages/${name}/dist/index.js`, `packages/${name}/dist/index.d.ts`]),
    },
    () => runAll(packageNames.map((name) => () => tool("tsup", [], { cwd: packageFolder(name) }))),
  );
