/** The peers that run in browsers, asked for steps as serve.py says, in a worker that has no other contender. */
import { defaultDevice, init } from "@jax-js/jax";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { Contender } from "../measure.ts";
import { jaxJs } from "../peers/jax-js.ts";
import { stepsOnRequest } from "../peers/steps-on-request.ts";
import { tfjs } from "../peers/tfjs.ts";
import type { Sizes } from "../workload.ts";
import { isJaxDevice, type PeerCell } from "./peer-cells.ts";

function makePeer(cell: PeerCell, sizes: Sizes): Contender {
  if (isJaxDevice(cell)) {
    const contender = jaxJs(sizes);
    return {
      ...contender,
      async start() {
        if (!(await init(cell)).includes(cell)) throw new Error("the browser has none");
        defaultDevice(cell);
        return contender.start();
      },
    };
  }
  setWasmPaths("./");
  setThreadsCount(cell === "tfjs, 2 threads" ? 2 : 1);
  return tfjs("wasm", sizes);
}

export const answerTo = stepsOnRequest((cell, sizes) => makePeer(cell as PeerCell, sizes));
