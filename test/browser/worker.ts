/** Trains in a worker of the page: message in, the number of threads; message out, what came of it. */
import { trainBits } from "./training.ts";

addEventListener("message", ({ data: threads }: MessageEvent<number>) => {
  void trainBits(threads).then((trained) => {
    postMessage(trained);
  });
});
