/** Latchgrad's training step in another Node, asked for steps as serve.py says. Its cells are the names of cells, and "peak". */
import { createInterface } from "node:readline";
import { latchgrad } from "../latchgrad.ts";
import type { Contender } from "../measure.ts";
import { peak } from "../peak.ts";
import { batchOf, modelOf, type CellType } from "../workload.ts";
import type { Answer, Request } from "./peer-process.ts";

const started = new Map<string, Contender>();

async function answerTo(request: Request): Promise<Answer> {
  if ("start" in request) {
    const { cell, T, B, H } = request.start;
    const sizes = { T, B, H };
    const contender = cell === "peak" ? peak() : latchgrad(cell, modelOf(cell as CellType, sizes), batchOf(sizes));
    started.set(cell, contender);
    return { first: await contender.start() };
  }
  if ("stop" in request) {
    await started.get(request.stop)?.stop();
    started.delete(request.stop);
    return {};
  }
  if ("gradients" in request) return { error: "asked for steps only" };
  return { times: (await started.get(request.cell)?.run(request.run)) ?? [] };
}

const say = (answer: Answer): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};

say({ version: process.version.slice(1) });
for await (const line of createInterface({ input: process.stdin }))
  try {
    say(await answerTo(JSON.parse(line) as Request));
  } catch (error) {
    say({ error: String(error) });
  }
