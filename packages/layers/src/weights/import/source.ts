/** The file that weights are imported from: finds tensors by name or pattern, and remembers which were read. */
import { isFloat } from "@latchgrad/core";
import { elementOf } from "../safetensors-format.js";
import { formatStored, readTensor, type SafetensorsFile, type StoredTensor } from "../safetensors-reader.js";
import type { LazyTensor, Refuse } from "./lazy-tensor.js";
import { matchesPattern, placeBefore } from "./source-names.js";

export interface Source {
  readonly tensors: readonly StoredTensor[];
  /** The tensors that a name means; several only where it has a *. */
  find(name: string): readonly StoredTensor[];
  /** The numbers of a tensor. Refuses elements that are no floats. */
  read(stored: StoredTensor, refuse: Refuse): LazyTensor;
  wasRead(stored: StoredTensor): boolean;
  /** Places in the file that have a tensor of such a name. */
  placesOf(name: string): readonly string[];
}

export function openSource({ tensors }: SafetensorsFile, separator: string): Source {
  const found = new Map<string, readonly StoredTensor[]>();
  const loaded = new Map<string, LazyTensor>();

  function search(name: string): readonly StoredTensor[] {
    const exact = tensors.get(name);
    if (!name.includes("*")) return exact === undefined ? [] : [exact];
    return [...tensors.values()].filter((stored) => matchesPattern(stored.name, name, separator));
  }
  function load(stored: StoredTensor, refuse: Refuse): LazyTensor {
    const { reading } = elementOf(stored.dtype);
    if (reading === undefined || !isFloat(reading.dtype))
      return refuse("weights are made of floats", `${stored.name} ${formatStored(stored)}`);
    const { dims, data } = readTensor(stored);
    return { dims, at: (index) => data[index] };
  }

  return {
    tensors: [...tensors.values()],
    find(name) {
      const result = found.get(name) ?? search(name);
      found.set(name, result);
      return result;
    },
    read(stored, refuse) {
      const result = loaded.get(stored.name) ?? load(stored, refuse);
      loaded.set(stored.name, result);
      return result;
    },
    wasRead: ({ name }) => loaded.has(name),
    placesOf: (name) => [...new Set([...tensors.keys()].flatMap((each) => placeBefore(each, name, separator) ?? []))],
  };
}
