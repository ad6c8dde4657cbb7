/** jax-js as a contender: it has no scan, so the loop over time is unrolled into one jit, as its users do. */
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { contenderOf, type Contender } from "../measure.ts";
import { batchOf, LEARNING_RATE, noise, type Sizes } from "../workload.ts";

type Weights = { W: np.Array; U: np.Array; b: np.Array };
type State = { weights: Weights; mean: Weights; square: Weights; count: np.Array };

const array = (data: ArrayLike<number>, shape: readonly number[]): np.Array =>
  np.array(Float32Array.from(data)).reshape([...shape]);

/** Mean squared error over all outputs of an LSTM whose gates share one weight. An array is used up unless `ref` is taken. */
function lossOf({ T, B, H }: Sizes, { W, U, b }: Weights, x: np.Array, y: np.Array): np.Array {
  // The input's product for all steps at once, which is what one would write by hand.
  const rows = np
    .matmul(x, W)
    .add(b)
    .reshape([T, B, 4 * H]);
  let h = np.zeros([B, H]);
  let c = np.zeros([B, H]);
  const outputs: np.Array[] = [];
  for (let t = 0; t < T; t++) {
    const [i, f, g, o] = np.split(rows.ref.slice(t).add(np.matmul(h, U.ref)), 4, 1);
    c = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)));
    h = nn.sigmoid(o).mul(np.tanh(c.ref));
    outputs.push(h.ref);
  }
  for (const rest of [rows, U, h, c]) rest.dispose();
  return np.square(np.stack(outputs).sub(y)).mean();
}

export const JAX_JS = "jax-js";

export const jaxJs = (sizes: Sizes): Contender =>
  contenderOf(JAX_JS, () => {
    const { T, B, H } = sizes;
    const { x, y } = batchOf(sizes);
    // The same numbers as everywhere; that here time comes first changes nothing in what is computed.
    const input = array(x.data, [T * B, H]);
    const target = array(y.data, [T, B, H]);
    const zeros = (): Weights => ({ W: np.zeros([H, 4 * H]), U: np.zeros([H, 4 * H]), b: np.zeros([4 * H]) });
    const weight = (seed: number): np.Array => array(noise(H * 4 * H, seed), [H, 4 * H]).mul(2 / Math.sqrt(H));

    const gradient = valueAndGrad((weights: Weights, xs: np.Array, ys: np.Array) => lossOf(sizes, weights, xs, ys));
    const moved = (average: np.Array, value: np.Array, decay: number): np.Array =>
      average.mul(decay).add(value.mul(1 - decay));
    const update = jit((state: State, xs: np.Array, ys: np.Array): [np.Array, State] => {
      const [loss, grads] = gradient(tree.ref(state.weights), xs, ys);
      const count = state.count.add(1);
      const share = (decay: number): np.Array =>
        np
          .exp(count.ref.mul(Math.log(decay)))
          .mul(-1)
          .add(1);
      const next: State = {
        weights: { ...state.weights },
        mean: { ...state.mean },
        square: { ...state.square },
        count,
      };
      for (const name of ["W", "U", "b"] as const) {
        const mean = moved(state.mean[name], grads[name].ref, 0.9);
        const square = moved(state.square[name], np.square(grads[name]), 0.999);
        const divisor = np.sqrt(square.ref.div(share(0.999))).add(1e-8);
        next.weights[name] = state.weights[name].sub(mean.ref.div(share(0.9)).div(divisor).mul(LEARNING_RATE));
        next.mean[name] = mean;
        next.square[name] = square;
      }
      return [loss, next];
    });

    const began = performance.now();
    let state: State = {
      weights: { W: weight(3), U: weight(4), b: np.zeros([4 * H]) },
      mean: zeros(),
      square: zeros(),
      count: np.zeros([]),
    };
    const weights = performance.now() - began;
    return Promise.resolve({
      weights,
      async step() {
        const [loss, next] = update(state, input.ref, target.ref);
        state = next;
        await loss.data();
      },
      stop() {
        tree.dispose([state, input, target]);
      },
    });
  });
