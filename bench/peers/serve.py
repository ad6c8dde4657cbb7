"""How a peer in Python is asked for steps: one JSON object per line on standard input, one per line as the answer.

{"start": {"cell": "lstm", "T": 64, "B": 16, "H": 32, "learningRate": 0.001}} answers {"first": ms};
{"gradients": {"cell": ..., "weights": ..., ...}} answers {"loss": number, "gradients": {name: [number, ...]}}, of peers that can;
{"run": 5, "cell": "lstm"} answers {"times": [ms, ...]}; {"stop": "lstm"} answers {}. What fails answers {"error": text}.
The first line that is printed tells the version.
"""

import json
import sys
import time


def timed(action):
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def serve(version, step_of, gradients_of=None):
    """Answers until standard input ends. `step_of` gives a function that makes one training step, `gradients_of` loss and gradients."""
    steps = {}

    def answer(request):
        if "start" in request:
            cell = request["start"]["cell"]

            def first():
                steps[cell] = step_of(**request["start"])
                steps[cell]()

            return {"first": timed(first)}
        if "gradients" in request:
            return gradients_of(**request["gradients"])
        if "stop" in request:
            steps.pop(request["stop"], None)
            return {}
        step = steps[request["cell"]]
        return {"times": [timed(step) for _ in range(request["run"])]}

    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)
