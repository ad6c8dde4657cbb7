/** All of core, layers and optim. */
export * as core from "@latchgrad/core";
export * as layers from "@latchgrad/layers";
export * as optim from "@latchgrad/optim";
