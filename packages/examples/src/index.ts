/** The public surface of @latchgrad/examples: re-exports only. The comparison as a program is main.ts. */
export { decodeGreedily, type Decoding } from "./greedy-decoding.js";
export {
  CELLS,
  compareMemory,
  memoryTable,
  type Cell,
  type Change,
  type MemoryResult,
  type MemoryTest,
} from "./memory-comparison.js";
export { modelDocument, models, type ModelName } from "./models.js";
