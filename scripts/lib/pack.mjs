// Packs every package as it would be published, with workspace: replaced by versions.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageFolder, packageNames, readManifest } from "./packages.mjs";
import { pnpm } from "./run.mjs";

/** @typedef {{ name: string, version: string, tarball: string }} Packed */

/** @param {string} destination an existing folder @returns {Promise<Packed[]>} in the order of the packages */
export async function packAll(destination) {
  for (const name of packageNames)
    if (!existsSync(join(packageFolder(name), "dist", "index.js")))
      throw new Error(`packages/${name}/dist is missing: run \`npm run build\` first`);
  const { code, output } = await pnpm(["--recursive", "pack", "--pack-destination", destination]);
  if (code !== 0) throw new Error(`pnpm pack failed:\n${output}`);
  return packageNames.map((folder) => {
    const { name, version } = readManifest(packageFolder(folder));
    return { name, version, tarball: join(destination, `latchgrad-${folder}-${version}.tgz`) };
  });
}
