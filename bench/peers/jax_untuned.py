"""JAX's side of the untuned cells: their equations written by hand, in a scan, with forward, backward and Adam as one jit. The
argument is the number of threads; the requests are those of serve.py, with the shapes of weights and states, or with weights
and inputs themselves, for which the answer is the loss and the gradients.
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
from jax.nn import gelu, log_sigmoid, sigmoid, silu, softmax, softplus
from jax.numpy import exp, tanh
from jax_training import training_step
from serve import serve


def dot(a, b):
    return (a * b).sum(-1, keepdims=True)


def layer_norm(a):
    centred = a - a.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(np.square(centred).mean(-1, keepdims=True) + 1e-5)


def rms_norm(a):
    return a * jax.lax.rsqrt(np.square(a).mean(-1, keepdims=True) + 1e-5)


def unit_norm(a):
    return a * jax.lax.rsqrt(np.square(a).sum(-1, keepdims=True) + 1e-5)


def by_head(a, heads):
    return a.reshape(*a.shape[:-1], heads, a.shape[-1] // heads)


def joined(a):
    return a.reshape(*a.shape[:-2], -1)


def of_input(*names):
    """The input's products for all steps at once, which is what one writes by hand for speed."""
    return lambda w, x: [x @ w["W" + name] + w.get("b" + name, 0) for name in names]


def shifted(x):
    """The input of the step before."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def hard(a):
    return np.clip(0.25 * a + 0.5, 0, 1)


# A cell: rows from weights and all inputs, and a step from weights, rows, states and the number of the step. It gives the
# next states and the output.


def fast_weights(w, rows, s, t):
    h, k, v, f = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "hkvf"))
    k, v = tanh(k), tanh(v)
    A = sigmoid(f)[..., None] * s["A"] + v[..., :, None] * k[..., None, :]
    h = tanh(h + (A @ k[..., None])[..., 0] / k.shape[-1] ** 0.5)
    return {"h": h, "A": A}, h


def delta_rule(w, rows, s, t):
    h, q, k, v = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "hqkv"))
    q, k = tanh(q), unit_norm(k)
    beta = sigmoid(s["h"] @ w["wb"])[..., None]
    found = np.einsum("bi,bij->bj", k, s["S"])
    S = s["S"] + k[..., :, None] * (beta * (v - found))[..., None, :]
    h = tanh(h + np.einsum("bi,bij->bj", q, S))
    return {"h": h, "S": S}, h


def gated_delta(w, rows, s, t):
    q, k, v = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "qkv"))
    keep, rate = rows[3], rows[4]
    heads = keep.shape[-1]
    q, k, v = by_head(silu(q), heads), unit_norm(by_head(silu(k), heads)), by_head(v, heads)
    D = keep[..., None, None] * s["S"]
    found = np.einsum("bni,bnij->bnj", k, D)
    S = D + k[..., :, None] * (rate[..., None] * (v - found))[..., None, :]
    h = tanh(joined(rms_norm(np.einsum("bni,bnij->bnj", q, S))) @ w["Uo"] + s["h"] @ w["Uh"])
    return {"h": h, "S": S}, h


def gated_delta_rows(w, x):
    return [*of_input("q", "k", "v")(w, x), sigmoid(x @ w["Wa"]), sigmoid(x @ w["Wb"])]


def m_lstm_heads(w, rows, s, t):
    q, k, v, o, f, i = rows
    heads = f.shape[-1]
    q, k, v = by_head(q, heads), by_head(k, heads), by_head(v, heads)
    k = k / k.shape[-1] ** 0.5
    m = np.maximum(f + s["m"], i)
    keep, add = exp(f + s["m"] - m)[..., None], exp(i - m)[..., None]
    C = keep[..., None] * s["C"] + (add * v)[..., :, None] * k[..., None, :]
    n = keep * s["n"] + add * k
    size = np.maximum(abs(dot(n, q)), exp(-m)[..., None])
    return {"C": C, "n": n, "m": m}, o * joined(layer_norm((C @ q[..., None])[..., 0] / size))


def m_lstm_heads_rows(w, x):
    q, k, v, o, f, i = of_input("q", "k", "v", "o", "f", "i")(w, x)
    return [q, k, v, sigmoid(o), log_sigmoid(f), i]


def slots(w, rows, s, t):
    h, k, e, v = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "hkev"))
    k, e, v = tanh(k), sigmoid(e), tanh(v)
    a = softmax(((s["M"] + w["K"]) @ k[..., None])[..., 0])
    M = s["M"] * (1 - a[..., None] * e[..., None, :]) + a[..., None] * v[..., None, :]
    h = tanh(h + np.einsum("bs,bsj->bj", a, M) @ w["R"])
    return {"h": h, "M": M}, h


def recent_states(w, rows, s, t):
    (row,) = rows
    M = s["M"]
    a = softmax((M @ (s["h"] @ w["Uq"])[..., None])[..., 0] / M.shape[-1] ** 0.5)
    h = tanh(row + s["h"] @ w["Uh"] + np.einsum("bs,bsj->bj", a, M) @ w["R"])
    return {"h": h, "M": np.concatenate([M[:, 1:], h[:, None]], axis=1)}, h


def gru_layer_norm(w, rows, s, t):
    xr, xz, xn = rows
    h = s["h"]
    r = sigmoid(w["gr"] * layer_norm(xr + h @ w["Ur"]) + w["br"])
    z = sigmoid(w["gz"] * layer_norm(xz + h @ w["Uz"]) + w["bz"])
    n = tanh(w["gn"] * layer_norm(xn + (r * h) @ w["Un"]) + w["bn"])
    h = (1 - z) * n + z * h
    return {"h": h}, h


def mgu_rms_norm(w, rows, s, t):
    xf, xn = rows
    h = s["h"]
    f = sigmoid(w["gf"] * rms_norm(xf + h @ w["Uf"]) + w["bf"])
    n = tanh(w["gn"] * rms_norm(xn + (f * h) @ w["Un"]) + w["bn"])
    h = (1 - f) * h + f * n
    return {"h": h}, h


def ordered_neurons(w, rows, s, t):
    f, i, g, o, F, I = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "figoFI"))
    f, i, g, o = sigmoid(f), sigmoid(i), tanh(g), sigmoid(o)
    F, I = np.cumsum(softmax(F), axis=-1), 1 - np.cumsum(softmax(I), axis=-1)
    both = F * I
    c = (f * both + F - both) * s["c"] + (i * both + I - both) * g
    h = o * tanh(c)
    return {"h": h, "c": c}, h


def softmax_gates(w, rows, s, t):
    f, i, g, o = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "figo"))
    top = np.maximum(f, i)
    ef, ei = exp(f - top), exp(i - top)
    c = (ef * s["c"] + ei * tanh(g)) / (ef + ei)
    h = tanh(softmax(o) * o.shape[-1] * c)
    return {"h": h, "c": c}, h


def piecewise_gates(w, rows, s, t):
    f, i, g, o = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "figo"))
    c = hard(f) * s["c"] + hard(i) * np.clip(g, -1, 1)
    h = hard(o) * np.clip(c, -1, 1)
    return {"h": h, "c": c}, h


def highway(w, rows, s, t):
    a, gate = (row + s["h"] @ w["U" + name] for row, name in zip(rows, "at"))
    t1 = sigmoid(gate)
    first = t1 * tanh(a) + (1 - t1) * s["h"]
    t2 = sigmoid(first @ w["Rt"] + w["ct"])
    h = t2 * tanh(first @ w["Ra"] + w["ca"]) + (1 - t2) * first
    return {"h": h}, h


def experts(w, rows, s, t):
    sums, choice = rows
    p = softmax(choice + s["h"] @ w["Up"])
    each = tanh(by_head(sums + s["h"] @ w["U"], p.shape[-1]))
    h = np.einsum("be,bej->bj", p, each)
    return {"h": h}, h


def lem(w, rows, s, t):
    x1, x2, xz, xy = rows
    y = s["y"]
    d1 = 0.5 * sigmoid(x1 + y @ w["U1"])
    d2 = 0.5 * sigmoid(x2 + y @ w["U2"])
    z = (1 - d1) * s["z"] + d1 * tanh(xz + y @ w["Uz"])
    y = (1 - d2) * y + d2 * tanh(xy + z @ w["Uy"])
    return {"y": y, "z": z}, y


def oscillators(w, rows, s, t):
    pace = 0.1 * sigmoid(w["c"])
    z = s["z"] - pace * (tanh(w["w"] * s["y"] + rows[0]) + 0.9 * s["y"])
    y = s["y"] + pace * z
    return {"y": y, "z": z}, y


def antisymmetric(w, rows, s, t):
    xz, xh = rows
    A = w["M"] - w["M"].T - 0.05 * np.eye(w["M"].shape[0])
    sums = s["h"] @ A
    h = s["h"] + 0.1 * sigmoid(xz + sums) * tanh(xh + sums)
    return {"h": h}, h


def householder(w, rows, s, t):
    xh, xa, xb = rows
    h = s["h"]
    r = h
    for v in (unit_norm(xa + h @ w["Ua"]), unit_norm(xb + h @ w["Ub"])):
        r = r - 2 * dot(v, r) * v
    h = tanh(xh + r @ w["Uh"])
    return {"h": h}, h


def periodic_gates(w, rows, s, t):
    h = s["h"]
    period = 2 ** (np.arange(h.shape[-1]) % 4)
    h = np.where(t % period == 0, tanh(rows[0] + h @ w["Uh"]), h)
    return {"h": h}, h


def s_lstm_heads(w, rows, s, t):
    heads = w["Rf"].shape[0]
    h = by_head(s["h"], heads)
    f, i, z, o = (row + joined(np.einsum("bni,nij->bnj", h, w["R" + name])) for row, name in zip(rows, "fizo"))
    f = log_sigmoid(f)
    m = np.maximum(f + s["m"], i)
    keep, add = exp(f + s["m"] - m), exp(i - m)
    c = keep * s["c"] + add * tanh(z)
    n = keep * s["n"] + add
    h = sigmoid(o) * c / np.maximum(n, 1e-6)
    return {"h": h, "c": c, "n": n, "m": m}, joined(layer_norm(by_head(h, heads)))


def low_rank(w, rows, s, t):
    xr, xz, xn = rows
    h = s["h"]
    r, z, u = ((h @ w["A" + name]) @ w["B" + name] for name in "rzn")
    n = tanh(xn + sigmoid(xr + r) * u)
    z = sigmoid(xz + z)
    h = (1 - z) * n + z * h
    return {"h": h}, h


def previous_input(w, rows, s, t):
    z, f, o = rows
    c = f * s["c"] + (1 - f) * z
    return {"c": c, "before": s["before"]}, o * c


def previous_input_rows(w, x):
    before = shifted(x)
    z, f, o = (row + before @ w["V" + name] for row, name in zip(of_input("z", "f", "o")(w, x), "zfo"))
    return [tanh(z), sigmoid(f), sigmoid(o)]


def liquid(w, rows, s, t):
    above, below = rows
    v = s["v"]
    for _ in range(3):
        a = softplus(w["w"]) * sigmoid(w["s"] * (v[:, :, None] - w["m"]))
        v = (3 * w["cm"] * v + above + (a * w["e"]).sum(1)) / (3 * w["cm"] + below + a.sum(1))
    return {"v": v}, v


def liquid_rows(w, x):
    a = softplus(w["wx"]) * sigmoid(w["sx"] * (x[..., None] - w["mx"]))
    return [w["leak"] * w["rest"] + (a * w["ex"]).sum(-2), w["leak"] + a.sum(-2)]


def diagonal_rows(w, x):
    return [x @ w["Wx"]]


def diagonal_states(w, rows, s, t):
    (u,) = rows
    a = -exp(w["logA"]) + 1j * (w["wA"] + np.pi * np.arange(w["wA"].shape[1]))
    turn = exp(exp(w["logdt"])[:, None] * a)
    state = turn * (s["re"] + 1j * s["im"]) + (turn - 1) / a * u[..., None]
    y = 2 * ((w["Cre"] + 1j * w["Cim"]) * state).real.sum(-1) + w["D"] * u
    return {"re": state.real, "im": state.imag}, gelu(y, approximate=False) @ w["Wo"]


def duality(w, rows, s, t):
    u, z, dt, B, C = rows
    heads = dt.shape[-1]
    u = by_head(u, heads)
    S = exp(-dt * exp(w["logA"]))[..., None, None] * s["S"] + (dt[..., None] * u)[..., None] * B[:, None, None, :]
    y = joined(np.einsum("bhpn,bn->bhp", S, C) + w["D"][:, None] * u)
    return {"S": S}, (w["g"] * rms_norm(y * z)) @ w["Wo"]


def duality_rows(w, x):
    u, z, B, C = (silu(x @ w["W" + name]) for name in "uzBC")
    return [u, z, softplus(x @ w["Wt"] + w["bt"]), B, C]


def time_mixing(w, rows, s, t):
    k, v, r = rows
    now = np.maximum(s["top"], w["u"] + k)
    old, new = exp(s["top"] - now), exp(w["u"] + k - now)
    wkv = (old * s["num"] + new * v) / (old * s["den"] + new)
    slow = s["top"] - exp(w["w"])
    top = np.maximum(slow, k)
    keep, add = exp(slow - top), exp(k - top)
    state = {"num": keep * s["num"] + add * v, "den": keep * s["den"] + add, "top": top, "before": s["before"]}
    return state, (r * wkv) @ w["Wo"]


def time_mixing_rows(w, x):
    k, v, r = ((w["m" + name] * x + (1 - w["m" + name]) * shifted(x)) @ w["W" + name] for name in "kvr")
    return [k, v, sigmoid(r)]


def receptance(w, rows, s, t):
    r, k, v, decay, g = rows
    heads = w["u"].shape[0]
    r, k, v, decay = (by_head(a, heads) for a in (r, k, v, decay))
    kv = k[..., :, None] * v[..., None, :]
    y = np.einsum("bni,bnij->bnj", r, s["S"] + w["u"][..., None] * kv)
    return {"S": decay[..., None] * s["S"] + kv, "before": s["before"]}, (joined(layer_norm(y)) * g) @ w["Wo"]


def receptance_rows(w, x):
    r, k, v, g, low = (shifted(x) + w["m" + name] * (x - shifted(x)) for name in "rkvgw")
    decay = exp(-exp(w["w0"] + tanh(low @ w["wA"]) @ w["wB"]))
    return [r @ w["Wr"], k @ w["Wk"], v @ w["Wv"], decay, silu(g @ w["Wg"])]


def griffin(w, rows, s, t):
    u, a, i, gate = rows
    h = a * s["h"] + np.sqrt(1 - a * a + 1e-6) * (i * u)
    return {"h": h, "last": s["last"]}, (gate * h) @ w["Wo"]


def griffin_rows(w, x):
    width, T = w["Wc"].shape[0], x.shape[0]
    padded = np.concatenate([np.zeros_like(x[: width - 1]), x]) @ w["Wx"]
    u = sum(w["Wc"][k] * padded[k : k + T] for k in range(width)) + w["bc"]
    a = exp(-8 * softplus(w["L"]) * sigmoid(u @ w["Ur"] + w["br"]))
    return [u, a, sigmoid(u @ w["Ui"] + w["bi"]), gelu(x @ w["Wg"], approximate=False)]


def test_time(w, rows, s, t):
    q, k, v, rate = rows
    heads = rate.shape[-1]
    q, k, v = (by_head(a, heads) for a in (q, k, v))
    M = s["M"]

    def inner(M):
        z = np.einsum("bni,bnij->bnj", k, M)
        return 0.5 * np.square(w["g"] * layer_norm(z) + w["b"] - (v - k)).sum()

    M = M - (rate / q.shape[-1])[..., None, None] * jax.grad(inner)(M)
    y = q + w["g"] * layer_norm(np.einsum("bni,bnij->bnj", q, M)) + w["b"]
    return {"M": M}, joined(y) @ w["Wo"]


def test_time_rows(w, x):
    return [*of_input("q", "k", "v")(w, x), sigmoid(x @ w["We"] + w["be"])]


def surprise(w, rows, s, t):
    q, k, v, alpha, eta, theta = rows
    alpha, eta, theta = (a[:, None, None] for a in (alpha, eta, theta))
    wrong = np.einsum("bi,bij->bj", k, s["M"]) - v
    S = eta * s["S"] - theta * (k[:, :, None] * wrong[:, None, :])
    M = (1 - alpha) * s["M"] + S
    return {"S": S, "M": M}, np.einsum("bi,bij->bj", q, M) @ w["Wo"]


def surprise_rows(w, x):
    q, k, v = (silu(x @ w["W" + name]) for name in "qkv")
    return [unit_norm(q), unit_norm(k), v, *(sigmoid(x @ w["w" + name]) for name in "aet")]


def mogrifier(w, rows, s, t):
    (a,) = rows
    h = s["h"]
    for l in range(w["Q"].shape[0]):
        a = 2 * sigmoid(h @ w["Q"][l]) * a
        h = 2 * sigmoid(a @ w["R"][l]) * h
    f, i, g, o = (a @ w["W" + name] + h @ w["U" + name] + w["b" + name] for name in "figo")
    c = sigmoid(f) * s["c"] + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return {"h": h, "c": c}, h


def plasticity(w, rows, s, t):
    h = tanh(rows[0] + np.einsum("bi,bij->bj", s["h"], w["U"] + w["alpha"] * s["trace"]))
    trace = (1 - w["eta"]) * s["trace"] + w["eta"] * s["h"][:, :, None] * h[:, None, :]
    return {"h": h, "trace": trace}, h


CELLS = {
    "fastWeights": (of_input(*"hkvf"), fast_weights),
    "deltaRule": (of_input(*"hqkv"), delta_rule),
    "gatedDelta": (gated_delta_rows, gated_delta),
    "mLstmHeads": (m_lstm_heads_rows, m_lstm_heads),
    "slots": (of_input(*"hkev"), slots),
    "recentStates": (of_input("h"), recent_states),
    "gruLayerNorm": (lambda w, x: [x @ w["W" + name] for name in "rzn"], gru_layer_norm),
    "mguRmsNorm": (lambda w, x: [x @ w["W" + name] for name in "fn"], mgu_rms_norm),
    "orderedNeurons": (of_input(*"figoFI"), ordered_neurons),
    "softmaxGates": (of_input(*"figo"), softmax_gates),
    "piecewiseGates": (of_input(*"figo"), piecewise_gates),
    "highway": (of_input(*"at"), highway),
    "experts": (of_input("", "p"), experts),
    "lem": (of_input("1", "2", "z", "y"), lem),
    "oscillators": (lambda w, x: [x @ w["V"] + w["b"]], oscillators),
    "antisymmetric": (of_input("z", "h"), antisymmetric),
    "householder": (lambda w, x: [x @ w["Wh"] + w["bh"], x @ w["Va"], x @ w["Vb"]], householder),
    "periodicGates": (of_input("h"), periodic_gates),
    "sLstmHeads": (of_input(*"fizo"), s_lstm_heads),
    "lowRank": (of_input(*"rzn"), low_rank),
    "previousInput": (previous_input_rows, previous_input),
    "liquid": (liquid_rows, liquid),
    "diagonalStates": (diagonal_rows, diagonal_states),
    "stateSpaceDuality": (duality_rows, duality),
    "timeMixing": (time_mixing_rows, time_mixing),
    "receptance": (receptance_rows, receptance),
    "griffin": (griffin_rows, griffin),
    "testTime": (test_time_rows, test_time),
    "surprise": (surprise_rows, surprise),
    "mogrifier": (lambda w, x: [x], mogrifier),
    "plasticity": (of_input(""), plasticity),
}


def loss_of(cell, states):
    """The mean squared error over all outputs. Inputs and targets have time in front."""
    to_rows, step = CELLS[cell]

    def loss(w, x, y):
        rows = to_rows(w, x)
        start = {name: np.zeros((x.shape[1], *shape), np.float32) for name, shape in states.items()}

        def body(state, row):
            return step(w, row[0], state, row[1])

        _, outputs = jax.lax.scan(body, start, (rows, np.arange(x.shape[0])))
        return np.square(outputs - y).mean()

    return loss


def step_of(cell, T, B, H, learningRate, weights, states):
    """A function that makes one training step and returns the loss as a number."""
    random = numpy.random.default_rng(1)

    def uniform(*shape):
        return np.asarray(random.uniform(-0.5, 0.5, shape), np.float32)

    x, y = uniform(T, B, H), uniform(T, B, H)
    first = {name: uniform(*shape) * (2 / H**0.5) for name, shape in weights.items()}
    return training_step(loss_of(cell, states), first, x, y, learningRate)


def gradients_of(cell, weights, states, x, y):
    """The loss and its gradients; inputs and targets have the batch in front, as documents say it."""
    w = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    x, y = (np.swapaxes(np.asarray(value, np.float32), 0, 1) for value in (x, y))
    value, gradients = jax.value_and_grad(loss_of(cell, states))(w, x, y)
    return {"loss": float(value), "gradients": {name: g.ravel().tolist() for name, g in gradients.items()}}


serve(jax.__version__, step_of, gradients_of)
