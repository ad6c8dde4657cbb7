/** Sequences of symbols as model inputs: the numbers of the symbols, or one-hot vectors. */
import { i32, type FloatDType, type TensorData, type TensorType } from "@latchgrad/core";
import * as z from "zod";
import { floatTensor } from "../data/batch.js";

export type Encoding = "oneHot" | "index";

export const encodingField = (value: Encoding): z.ZodDefault<z.ZodEnum<{ oneHot: "oneHot"; index: "index" }>> =>
  z
    .enum(["oneHot", "index"])
    .default(value)
    .describe("How symbols reach the model: as one-hot vectors, or as whole numbers for an embedding.");

/** The type of an input of symbols: [B,T,symbols] or i32[B,T]. */
export const symbolType = (encoding: Encoding, symbols: number, dtype: FloatDType): TensorType =>
  encoding === "oneHot" ? { dtype, dims: ["B", "T", symbols] } : i32("B", "T");

/** Symbol numbers [B,T] in the chosen encoding. A negative number stands for no symbol: a vector of zeros, or symbol 0. */
export function encodeSymbols(encoding: Encoding, symbols: number, dtype: FloatDType, numbers: TensorData): TensorData {
  if (encoding === "index") return { ...numbers, data: Int32Array.from(numbers.data, (n) => Math.max(0, n)) };
  const vectors = floatTensor(dtype, ...numbers.dims, symbols);
  numbers.data.forEach((symbol, place) => {
    if (symbol >= 0) vectors.data[place * symbols + symbol] = 1;
  });
  return vectors;
}
