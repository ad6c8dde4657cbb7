/** What is known when data are opened. */
import type { FloatDType } from "@latchgrad/core";
import type { Seed } from "@latchgrad/layers";
import type { OpenFile } from "./file-bytes.js";
import type { Fitted } from "./fitted.js";

export interface DataContext {
  readonly seed: Seed;
  /** Element type of float inputs and targets. */
  readonly dtype: FloatDType;
  /** Opens the files that the config names. Absent where no file may be read. */
  readonly openFile?: OpenFile | undefined;
  /** What was fitted to the training part before, to be used in place of fitting again. */
  readonly fitted?: Fitted | undefined;
}
