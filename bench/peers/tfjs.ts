/** TensorFlow.js as a contender: its LSTM layer and its Adam, on one of its backends for Node without native code. */
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import {
  enableProdMode,
  losses,
  setBackend,
  tensor,
  train,
  type Scalar,
  type Tensor,
  type Variable,
} from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { contenderOf, type Contender } from "../measure.ts";
import { batchOf, LEARNING_RATE, type Sizes } from "../workload.ts";

// Without the checks that are meant for development.
enableProdMode();

export const tfjs = (backend: "cpu" | "wasm", sizes: Sizes): Contender =>
  contenderOf(`tfjs ${backend}`, async () => {
    await setBackend(backend);
    const { x, y } = batchOf(sizes);
    const [input, target] = [x, y].map(({ data, dims }) => tensor(Float32Array.from(data), [...dims]));
    const layer = layers.lstm({
      units: sizes.H,
      returnSequences: true,
      recurrentActivation: "sigmoid",
      // The default, orthogonal, takes long to make and changes no time afterwards.
      recurrentInitializer: "glorotUniform",
    });
    // The first application makes the weights.
    (layer.apply(input) as Tensor).dispose();
    const weights = layer.trainableWeights.map((weight) => weight.read() as Variable);
    const optimizer = train.adam(LEARNING_RATE);
    const loss = (): Scalar => losses.meanSquaredError(target, layer.apply(input) as Tensor);
    return {
      async step() {
        await setBackend(backend);
        const value = optimizer.minimize(loss, true, weights);
        await value?.data();
        value?.dispose();
      },
      stop() {
        for (const held of [input, target, ...weights, optimizer]) held.dispose();
      },
    };
  });
