/** The first step in a worker that was just started. */
import { measureOnce } from "../first-steps.ts";
import type { FirstRequest } from "./page.ts";

addEventListener("message", ({ data: { sizes, threads } }: MessageEvent<FirstRequest>) => {
  void measureOnce(sizes, { threads }).then((parts) => {
    postMessage(parts);
  });
});
