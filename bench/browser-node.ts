/** The first step in a new process of Node, beside those in new pages; the argument is the sizes as JSON. */
import { measureOnce } from "./first-steps.ts";
import type { Sizes } from "./workload.ts";

console.log(JSON.stringify(await measureOnce(JSON.parse(process.argv[2]) as Sizes)));
