"""JAX's side of the bench: cells in a scan, forward, backward and Adam as one jit. The argument is the number of threads;
the requests are those of serve.py.
"""

import os
import sys

# The size of XLA's pool of threads; it has to be set before JAX is loaded.
os.environ["NPROC"] = sys.argv[1]
os.environ["JAX_PLATFORMS"] = "cpu"
if sys.argv[1] == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as np
import numpy
from jax.nn import sigmoid
from jax.numpy import tanh
from jax_training import training_step
from serve import serve


def split(values, count):
    return np.split(values, count, axis=1)


# A cell: what is computed of the input for all steps at once, and a step. The first of the states is the output.


def lstm(w, row, h, c):
    i, f, g, o = split(row + h @ w["U"], 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def peephole(w, row, h, c):
    i, f, g, o = split(row + h @ w["U"], 4)
    to_input, to_forget, to_output = w["p"]
    c = sigmoid(f + to_forget * c) * c + sigmoid(i + to_input * c) * tanh(g)
    return sigmoid(o + to_output * c) * tanh(c), c


def cifg(w, row, h, c):
    f, g, o = split(row + h @ w["U"], 3)
    to_forget, to_output = w["p"]
    f = sigmoid(f + to_forget * c)
    c = f * c + (1 - f) * tanh(g)
    return sigmoid(o + to_output * c) * tanh(c), c


def layer_norm(values):
    centred = values - values.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(np.square(centred).mean(-1, keepdims=True) + 1e-5)


def norms(sums, gains):
    """Every gate's sums are normalized by themselves. gains: [4, H]."""
    return gains * layer_norm(sums.reshape(*sums.shape[:-1], *gains.shape))


def lstm_layer_norm(w, row, h, c):
    f, i, g, o = np.moveaxis(row + norms(h @ w["U"], w["gains"][1]) + w["bias"], 1, 0)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(w["scale"] * layer_norm(c) + w["shift"]), c


def gru(w, row, h):
    size = h.shape[1]
    r, z = split(sigmoid(row[:, : 2 * size] + h @ w["U"][:, : 2 * size]), 2)
    n = tanh(row[:, 2 * size :] + (r * h) @ w["U"][:, 2 * size :])
    return ((1 - z) * n + z * h,)


def mgu(w, row, h):
    size = h.shape[1]
    f = sigmoid(row[:, :size] + h @ w["U"][:, :size])
    n = tanh(row[:, size:] + (f * h) @ w["U"][:, size:])
    return ((1 - f) * h + f * n,)


# Gates, states, step, and the shapes of weights besides W, U and b.
CELLS = {
    "lstm": (4, 2, lstm, lambda H: {}),
    "lstmPeephole": (4, 2, peephole, lambda H: {"p": (3, H)}),
    "cifg": (3, 2, cifg, lambda H: {"p": (2, H)}),
    "lstmLayerNorm": (
        4,
        2,
        lstm_layer_norm,
        lambda H: {"gains": (2, 4, H), "bias": (4, H), "scale": (H,), "shift": (H,)},
    ),
    "gru": (3, 1, gru, lambda H: {}),
    "mgu": (2, 1, mgu, lambda H: {}),
}


def step_of(cell, T, B, H, learningRate):
    """A function that makes one training step and returns the loss as a number."""
    gates, states, step, others = CELLS[cell]
    random = numpy.random.default_rng(1)

    def uniform(*shape):
        return np.asarray(random.uniform(-0.5, 0.5, shape), np.float32)

    shapes = {"W": (H, gates * H), "U": (H, gates * H), "b": (gates * H,), **others(H)}
    weights = {name: uniform(*shape) * (2 / H**0.5) for name, shape in shapes.items()}

    def loss_of(w, x, y):
        # The input's products for all steps at once, which is what one writes by hand for speed.
        rows = norms(x @ w["W"], w["gains"][0]) if "gains" in w else x @ w["W"] + w["b"]

        def body(state, row):
            state = step(w, row, *state)
            return state, state[0]

        zeros = (np.zeros((B, H), np.float32),) * states
        _, outputs = jax.lax.scan(body, zeros, rows)
        return np.square(outputs - y).mean()

    return training_step(loss_of, weights, uniform(T, B, H), uniform(T, B, H), learningRate)


serve(jax.__version__, step_of)
