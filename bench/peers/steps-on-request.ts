/** Contenders of another process or thread, which are asked for steps as serve.py says. */
import type { Contender } from "../measure.ts";
import type { Sizes } from "../workload.ts";
import type { Answer, Request } from "./peer-process.ts";

export type AnswerTo = (request: Request) => Promise<Answer>;

/** Answers to requests for steps of contenders, which `make` makes of a name and sizes. What fails is an answer, too. */
export function stepsOnRequest(make: (cell: string, sizes: Sizes) => Contender): AnswerTo {
  const started = new Map<string, Contender>();
  const answerTo: AnswerTo = async (request) => {
    if ("start" in request) {
      const { cell, T, B, H } = request.start;
      const contender = make(cell, { T, B, H });
      started.set(cell, contender);
      const first = await contender.start();
      return { first, weights: contender.weights?.() };
    }
    if ("stop" in request) {
      await started.get(request.stop)?.stop();
      started.delete(request.stop);
      return {};
    }
    if ("gradients" in request) return { error: "asked for steps only" };
    return { times: (await started.get(request.cell)?.run(request.run)) ?? [] };
  };
  return async (request) => {
    try {
      return await answerTo(request);
    } catch (error) {
      return { error: String(error) };
    }
  };
}
