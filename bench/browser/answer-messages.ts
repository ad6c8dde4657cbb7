/** A worker of a page that answers requests by messages. */
import type { Request } from "../peers/peer-process.ts";
import type { AnswerTo } from "../peers/steps-on-request.ts";

export function answerMessages(answerTo: AnswerTo): void {
  addEventListener("message", ({ data }: MessageEvent<Request>) => {
    void answerTo(data).then((answer) => {
      postMessage(answer);
    });
  });
}
