/** Makes executables that nobody can reach any more, and waits until their workers are gone. Needs --expose-gc. */
import workerThreads from "node:worker_threads";
import { setTimeout as wait } from "node:timers/promises";
import { compile } from "../../src/index.js";
import { inputs, layer, state } from "./layer.js";

let alive = 0;
let most = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(...args: ConstructorParameters<typeof workerThreads.Worker>) {
    super(...args);
    most = Math.max(most, ++alive);
    this.on("exit", () => alive--);
  }
};

async function useAndDrop(): Promise<void> {
  const executable = await compile(layer(), { threads: 3, state: state() });
  await executable.run(inputs());
}

for (let i = 0; i < 4; i++) await useAndDrop();
const collect = globalThis.gc ?? (() => undefined);
for (let i = 0; i < 100 && alive > 0; i++) {
  collect();
  await wait(50);
}
console.log(`${most > 0 ? "some" : "no"} workers, then ${alive}`);
