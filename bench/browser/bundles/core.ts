/** All of core. */
export * from "@latchgrad/core";
