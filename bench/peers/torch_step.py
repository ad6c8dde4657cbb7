"""PyTorch's side of the bench: trains nn.LSTM, and cells in plain operations with a loop, as one writes them oneself
when nn.LSTM does not fit. The argument is the number of threads; the requests are those of serve.py.
"""

import sys

import torch
from serve import serve
from torch import sigmoid, tanh

torch.set_num_threads(int(sys.argv[1]))


def linear(size, count, bias=True):
    """For `count` gates at once."""
    return torch.nn.Linear(size, count * size, bias=bias)


class Lstm(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.input = linear(size, 4)
        self.recurrent = linear(size, 4, bias=False)

    def forward(self, row, h, c):
        i, f, g, o = (self.input(row) + self.recurrent(h)).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c


class Peephole(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.input = linear(size, 4)
        self.recurrent = linear(size, 4, bias=False)
        self.peepholes = torch.nn.Parameter(torch.zeros(3, size))

    def forward(self, row, h, c):
        i, f, g, o = (self.input(row) + self.recurrent(h)).chunk(4, 1)
        to_input, to_forget, to_output = self.peepholes
        c = sigmoid(f + to_forget * c) * c + sigmoid(i + to_input * c) * tanh(g)
        return sigmoid(o + to_output * c) * tanh(c), c


class Cifg(torch.nn.Module):
    """With peepholes, as in the library's document."""

    def __init__(self, size):
        super().__init__()
        self.input = linear(size, 3)
        self.recurrent = linear(size, 3, bias=False)
        self.peepholes = torch.nn.Parameter(torch.zeros(2, size))

    def forward(self, row, h, c):
        f, g, o = (self.input(row) + self.recurrent(h)).chunk(3, 1)
        to_forget, to_output = self.peepholes
        f = sigmoid(f + to_forget * c)
        c = f * c + (1 - f) * tanh(g)
        return sigmoid(o + to_output * c) * tanh(c), c


class LstmLayerNorm(torch.nn.Module):
    """Every gate's sums are normalized by themselves, those of the input apart from those of the state."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.input = linear(size, 4, bias=False)
        self.recurrent = linear(size, 4, bias=False)
        self.gains = torch.nn.Parameter(torch.ones(2, 4, size))
        self.bias = torch.nn.Parameter(torch.zeros(4, size))
        self.norm = torch.nn.LayerNorm(size)

    def forward(self, row, h, c):
        def norms(sums, gains):
            return gains * torch.nn.functional.layer_norm(sums.view(-1, 4, self.size), (self.size,))

        sums = norms(self.input(row), self.gains[0]) + norms(self.recurrent(h), self.gains[1]) + self.bias
        f, i, g, o = sums.unbind(1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(self.norm(c)), c


class Gru(torch.nn.Module):
    """Reset before the product, which nn.GRU does not have."""

    def __init__(self, size):
        super().__init__()
        self.input = linear(size, 3)
        self.gates = linear(size, 2, bias=False)
        self.candidate = linear(size, 1, bias=False)

    def forward(self, row, h):
        size = h.shape[1]
        gates, candidate = self.input(row).split([2 * size, size], 1)
        r, z = sigmoid(gates + self.gates(h)).chunk(2, 1)
        n = tanh(candidate + self.candidate(r * h))
        return ((1 - z) * n + z * h,)


class Mgu(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.input = linear(size, 2)
        self.gate = linear(size, 1, bias=False)
        self.candidate = linear(size, 1, bias=False)

    def forward(self, row, h):
        gate, candidate = self.input(row).chunk(2, 1)
        f = sigmoid(gate + self.gate(h))
        n = tanh(candidate + self.candidate(f * h))
        return ((1 - f) * h + f * n,)


# How many states a cell has stands beside it; the first is its output.
CELLS = {
    "lstm": (Lstm, 2),
    "lstmPeephole": (Peephole, 2),
    "cifg": (Cifg, 2),
    "lstmLayerNorm": (LstmLayerNorm, 2),
    "gru": (Gru, 1),
    "mgu": (Mgu, 1),
}


class Loop(torch.nn.Module):
    def __init__(self, cell, size):
        super().__init__()
        make, self.states = CELLS[cell]
        self.cell = make(size)

    def forward(self, x):
        state = [x.new_zeros(x.shape[1], x.shape[2])] * self.states
        outputs = []
        for row in x:
            state = self.cell(row, *state)
            outputs.append(state[0])
        return (torch.stack(outputs),)


def step_of(cell, T, B, H, learningRate):
    """A function that makes one training step: forward, backward, Adam, and the loss as a number."""
    model = torch.nn.LSTM(H, H) if cell == "nn" else Loop(cell, H)
    optimizer = torch.optim.Adam(model.parameters(), lr=learningRate)
    x, y = torch.rand(T, B, H) - 0.5, torch.rand(T, B, H) - 0.5

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x)[0], y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


serve(f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()})", step_of)
