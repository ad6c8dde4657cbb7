"""PyTorch's side of the bench: trains an LSTM by steps, as asked on standard input, one JSON object per line.

{"start": {"cell": "nn" | "custom", "T": 64, "B": 16, "H": 32, "learningRate": 0.001}} answers {"first": ms};
{"cell": "nn", "run": 5} answers {"times": [ms, ...]}. The first line that it prints tells its version
and the instructions that it uses.
"""

import json
import sys
import time

import torch

torch.set_num_threads(1)


class CustomLstm(torch.nn.Module):
    """What one writes when nn.LSTM does not fit: a cell in plain operations, and a loop."""

    def __init__(self, size):
        super().__init__()
        self.input = torch.nn.Linear(size, 4 * size)
        self.recurrent = torch.nn.Linear(size, 4 * size, bias=False)

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], x.shape[2])
        outputs = []
        for row in x:
            i, f, g, o = (self.input(row) + self.recurrent(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)


def step_of(cell, T, B, H, learningRate):
    """A function that makes one training step: forward, backward, Adam, and the loss as a number."""
    model = torch.nn.LSTM(H, H) if cell == "nn" else CustomLstm(H)
    optimizer = torch.optim.Adam(model.parameters(), lr=learningRate)
    x, y = torch.rand(T, B, H) - 0.5, torch.rand(T, B, H) - 0.5

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x)[0], y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def timed(action):
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


steps = {}
version = f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()})"
print(json.dumps({"version": version}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if "start" in request:
        began = time.perf_counter()
        step = step_of(**request["start"])
        step()
        steps[request["start"]["cell"]] = step
        answer = {"first": (time.perf_counter() - began) * 1000}
    else:
        answer = {"times": [timed(steps[request["cell"]]) for _ in range(request["run"])]}
    print(json.dumps(answer), flush=True)
