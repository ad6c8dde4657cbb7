/** Latchgrad's training step in a process of its own, asked for steps as serve.py says. What the protocol calls a cell is the name of a contender. */
import { createInterface } from "node:readline";
import type { Contender } from "../measure.ts";
import { ownContender } from "../own.ts";
import type { Answer, Request } from "./peer-process.ts";

const started = new Map<string, Contender>();

async function answerTo(request: Request): Promise<Answer> {
  if ("start" in request) {
    const { cell, T, B, H } = request.start;
    const contender = ownContender(cell, { T, B, H });
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
