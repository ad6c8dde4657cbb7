/** The public surface of @latchgrad/examples: re-exports only. The comparison as a program is main.ts. */
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
