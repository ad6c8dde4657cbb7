/** Disposes of an executable in the middle of a long life: its workers end then, not with the process. */
import workerThreads from "node:worker_threads";
import { setTimeout as wait } from "node:timers/promises";
import { compile } from "../../src/index.js";
import { inputs, layer, state } from "./layer.js";

let alive = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(...args: ConstructorParameters<typeof workerThreads.Worker>) {
    super(...args);
    alive++;
    this.on("exit", () => alive--);
  }
};

const executable = await compile(layer(), { threads: 3, state: state() });
await executable.run(inputs());
const before = alive;
executable.dispose();
for (let i = 0; i < 100 && alive > 0; i++) await wait(50);
console.log(`${before} workers, then ${alive}`);
