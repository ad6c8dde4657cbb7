/** Trains in the Node that runs it: arguments, which training and the number of threads; prints what came of it. */
import { trainBits, type Training } from "./training.ts";

const [name, threads] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await trainBits(name as Training, Number(threads))));
