/** Latchgrad's training step in a process of its own, asked for steps as serve.py says. What the protocol calls a cell is the name of a contender. */
import { createInterface } from "node:readline";
import { ownContender } from "../own.ts";
import type { Answer, Request } from "./peer-process.ts";
import { stepsOnRequest } from "./steps-on-request.ts";

const answerTo = stepsOnRequest(ownContender);

const say = (answer: Answer): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};

say({ version: process.version.slice(1) });
for await (const line of createInterface({ input: process.stdin })) say(await answerTo(JSON.parse(line) as Request));
