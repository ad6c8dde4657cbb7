/** What a page needs to train models that are documents: cells, layers, optimizers, tasks, equations. */
export { readExperiment, train } from "@latchgrad/optim";
