/** The first step in a fresh page or worker, and what the page itself asks of the packages. */
import { measureOnce } from "../first-steps.ts";

export { measureOnce };
