/** Workers of any kind behind one interface: those of Node where there are any, else those of browsers. */
import { nodeWorker } from "./node-workers.js";
import type { Listener, Worker } from "./worker.js";
import type { Answer } from "./worker-source.js";

/** A worker that runs `source`. Throws when the platform has none. */
export const startWorker = (source: string, listener: Listener): Worker =>
  nodeWorker(source, listener) ?? webWorker(source, listener);

function webWorker(source: string, listener: Listener): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new globalThis.Worker(url, { type: "module" });
  const revoke = (): void => {
    URL.revokeObjectURL(url);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    revoke();
    listener.answer(data);
  };
  worker.onerror = () => {
    revoke();
    listener.failure();
  };
  return {
    post: (command) => {
      worker.postMessage(command);
    },
    // A page does not wait for its workers.
    hold: () => undefined,
    end: () => {
      worker.terminate();
    },
  };
}
