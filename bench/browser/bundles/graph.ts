/** What a page needs for a graph of its own, its gradient, and running both. */
export { buildGraph, compile, gradient } from "@latchgrad/core";
