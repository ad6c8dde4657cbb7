/**
 * `npm run peers`: a Python environment in bench/.venv with the versions of PyTorch and JAX that requirements.txt names, where
 * the bench finds it. PyTorch's wheels for Linux bring their libraries for graphics cards along, some gigabytes, which stay unused.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const environment = join(folder, ".venv");
const windows = process.platform === "win32";
const python = join(environment, windows ? "Scripts/python.exe" : "bin/python");
/** @param {string} command @param {string[]} args */
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });

try {
  if (!existsSync(python)) run(windows ? "python" : "python3", "-m", "venv", environment);
  run(python, "-m", "pip", "install", "--no-cache-dir", "--requirement", join(folder, "requirements.txt"));
  run(python, "-c", "import torch, jax; print('PyTorch', torch.__version__, 'and JAX', jax.__version__, 'are ready')");
} catch {
  console.error("The peers are not complete. They need Python 3.11 or later with venv and pip, and a way to PyPI.");
  process.exit(1);
}
