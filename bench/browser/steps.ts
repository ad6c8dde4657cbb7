/** Our training step, and the peak, on a page or in a worker of one: asked for steps as serve.py says, by the names of variants and "peak". */
import { latchgrad } from "../latchgrad.ts";
import { peak } from "../peak.ts";
import { stepsOnRequest } from "../peers/steps-on-request.ts";
import { batchOf, modelOf } from "../workload.ts";
import { VARIANTS, type Variant } from "./variants.ts";

export const answerTo = stepsOnRequest((cell, sizes) =>
  cell === "peak" ? peak() : latchgrad(cell, modelOf("lstm", sizes), batchOf(sizes), VARIANTS[cell as Variant]),
);
