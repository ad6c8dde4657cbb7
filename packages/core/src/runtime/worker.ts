/** What a worker is to the thread that started it, whatever the platform. */
import type { Answer, Command } from "./worker-source.js";

export interface Listener {
  answer(answer: Answer): void;
  /** The worker could not be made, or failed. */
  failure(): void;
}

export interface Worker {
  post(command: Command): void;
  /** Whether the worker keeps its process alive; at first it does. */
  hold(isHeld: boolean): void;
  end(): void;
}
