"""Training in JAX, the same for every cell: loss, gradient and Adam as one jit."""

import jax
import jax.numpy as np


def training_step(loss_of, weights, x, y, learning_rate):
    """A function that makes one step, from these weights on, and returns the loss as a number. `loss_of` is given weights, x and y."""

    def update(state, x, y):
        w, mean, square, count = state
        loss, gradient = jax.value_and_grad(loss_of)(w, x, y)
        count = count + 1
        each = jax.tree.map
        mean = each(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = each(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)
        rate = learning_rate / (1 - 0.9**count)
        w = each(lambda p, m, s: p - rate * m / (np.sqrt(s / (1 - 0.999**count)) + 1e-8), w, mean, square)
        return loss, (w, mean, square, count)

    # The state's memory is used again for the next state.
    compiled = jax.jit(update, donate_argnums=0)
    held = [(weights, jax.tree.map(np.zeros_like, weights), jax.tree.map(np.zeros_like, weights), np.float32(0))]

    def run():
        loss, held[0] = compiled(held[0], x, y)
        return float(loss)

    return run
