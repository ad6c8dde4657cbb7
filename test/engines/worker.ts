/** Trains in a worker of the page: message in, which training and the number of threads; message out, what came of it. */
import { trainBits, type Training } from "./training.ts";

addEventListener("message", ({ data: [name, threads] }: MessageEvent<[Training, number]>) => {
  void trainBits(name, threads).then((trained) => {
    postMessage(trained);
  });
});
