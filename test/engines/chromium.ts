/**
 * A Chromium to test with. What the machine has is taken first; a machine that has none gets one: Debian's package where
 * we may install it, else, on Linux with x64, a build that an npm package carries. Where neither works, the test fails and says what is missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { npm } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/packages.mjs";

interface Chromium {
  readonly path: string;
  /** A folder of libraries that it needs and the machine may lack. */
  readonly libraries: string | undefined;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:/Program Files/Google/Chrome/Application/chrome.exe",
  "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
];

/** Its executable path lies in a package's archive; the package is large, so it is fetched only by machines that need it. */
const CARRIER = "@sparticuz/chromium";
const CARRIER_VERSION = "153.0.0";

function installed(): Chromium | undefined {
  const named = process.env.LATCHGRAD_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = [
    ...(named === undefined ? [] : [named]),
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...ELSEWHERE,
  ];
  const path = candidates.find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : { path, libraries: undefined };
}

/** Installs Debian's package, where this process may. */
function fromDebian(): Chromium | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "chromium"]])
    if (spawnSync("apt-get", args, { stdio: "ignore", env: environment }).status !== 0) return undefined;
  return installed();
}

interface Carrier {
  readonly default: { executablePath(): Promise<string> };
  inflate(archive: string): Promise<string>;
}

async function fromNpm(): Promise<Chromium | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(root, "node_modules", ".cache", "latchgrad-chromium");
  const { code } = await npm(["install", "--no-save", "--prefix", folder, `${CARRIER}@${CARRIER_VERSION}`]);
  if (code !== 0) return undefined;
  const main = createRequire(join(folder, "package.json")).resolve(CARRIER);
  const carrier = (await import(pathToFileURL(main).href)) as Carrier;
  const libraries = await carrier.inflate(join(folder, "node_modules", CARRIER, "bin", "al2023.tar.br"));
  return { path: await carrier.default.executablePath(), libraries: join(libraries, "lib") };
}

async function findChromium(): Promise<Chromium> {
  const found = installed() ?? fromDebian() ?? (await fromNpm());
  if (found !== undefined) return found;
  throw new Error(
    "no Chromium on this machine, and none could be installed: install Debian's package chromium, or Google Chrome, " +
      "or name an executable in LATCHGRAD_CHROMIUM",
  );
}

/** The browser without a window, with more flags if wanted. Rejects with what is missing where there is none. */
export async function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  const { path, libraries } = await findChromium();
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [...FLAGS, ...flags],
    env: libraries === undefined ? undefined : { ...process.env, LD_LIBRARY_PATH: libraries },
  });
}
