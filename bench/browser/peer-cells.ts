/** Names of what is asked of the peers in a browser. */
const JAX_DEVICES = ["wasm", "webgpu"] as const;
type JaxDevice = (typeof JAX_DEVICES)[number];

/** A device of jax-js, or tfjs with its WebAssembly. */
export type PeerCell = JaxDevice | "tfjs" | "tfjs, 2 threads";

export const isJaxDevice = (cell: PeerCell): cell is JaxDevice => JAX_DEVICES.some((device) => device === cell);
