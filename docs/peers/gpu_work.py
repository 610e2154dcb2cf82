"""The work that gpu.py gives to its peers: nets, inputs, methods, reference solutions, and how a row is timed."""

import gc
import json
import os
import statistics
import time

import numpy as np

NETS = {"d2": [2, 32, 2], "d4": [4, 64, 64, 4], "d8": [8, 128, 128, 8], "d16": [16, 256, 256, 16]}
STEPS, EPOCHS, LORENZ, CHECKED = 40, 300, 8192, 64
JAX_PEERS = ("scan", "diffrax", "each")
PEERS = ("torchdiffeq", "eager", "compiled", "graph", "tf32", *JAX_PEERS)
NEAR = {"rk4": 1e-4, "dopri5": 3e-2, "lorenz": 1e-2, "moons": 1e-3}  # what results may differ by, relative to 1 or their size

# Tsit5 without its error estimate, which fixed steps do not need: rows of stages, then weights.
TSIT5 = ((0.161,), (-0.008480655492356989, 0.335480655492357), (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
         (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
         (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
         (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774))


def rk4(f, x, h):
    """A classical step; arrays may be those of any library."""
    k1 = f(x)
    k2 = f(x + h / 2 * k1)
    k3 = f(x + h / 2 * k2)
    k4 = f(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def combined(row, ks):
    out = row[0] * ks[0]
    for a, k in zip(row[1:], ks[1:]):
        out = out + a * k
    return out


def tsit5(f, x, h):
    ks = [f(x)]
    for row in TSIT5[:-1]:
        ks.append(f(x + h * combined(row, ks)))
    return x + h * combined(TSIT5[-1], ks)


def lorenz(stack):
    return lambda x: stack([10 * (x[..., 1] - x[..., 0]), x[..., 0] * (28 - x[..., 2]) - x[..., 1], x[..., 0] * x[..., 1] - 8 / 3 * x[..., 2]])


def mlp(tanh, layers, x):
    for i, (w, b) in enumerate(layers):
        x = x @ w.T + b
        if i < len(layers) - 1:
            x = tanh(x)
    return x


def weights():
    """Weights of the nets by PyTorch's names, as run.py draws them: gain 1, 1.2 inside, 3 last."""
    rng, out = np.random.default_rng(7), {}
    for net, sizes in NETS.items():
        for k, (n, m) in enumerate(zip(sizes, sizes[1:])):
            gain = 3 if k == len(sizes) - 2 else 1.2 if k else 1
            out[f"{net}.{2*k}.weight"] = (gain * rng.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32)
            out[f"{net}.{2*k}.bias"] = (0.1 * rng.standard_normal(m)).astype(np.float32)
    return out


def layers(tensors, net):
    return [(tensors[f"{net}.{k}.weight"], tensors[f"{net}.{k}.bias"]) for k in range(0, 2 * len(NETS[net]) - 2, 2)]


def points(work, batch):
    """Inputs of a row; those of a smaller batch are the first of a larger one."""
    d = 3 if work == "lorenz" else NETS[work.split()[1]][0]
    return np.random.default_rng(d).standard_normal((batch, d)).astype(np.float32)


def moons():
    """Points, labels and the weights with which training begins."""
    rng = np.random.default_rng(1)
    a, y = np.pi * rng.random(512), np.arange(512) % 2
    x = np.stack([np.where(y, 1 - np.cos(a), np.cos(a)), np.where(y, 0.5 - np.sin(a), np.sin(a))], 1) + 0.1 * rng.standard_normal((512, 2))
    p = [(rng.uniform(-1, 1, s) / np.sqrt(n)).astype(np.float32) for s, n in (((16, 2), 2), ((16,), 2), ((2, 16), 16), ((2,), 16))]
    return x.astype(np.float32), y, p


def references(w):
    """End states of the first inputs of each row, in float64."""
    out, wide = {}, {k: v.astype(np.float64) for k, v in w.items()}
    for net in NETS:
        f = lambda x: mlp(np.tanh, layers(wide, net), x)
        for method, n in (("rk4", STEPS), *([("dopri5", 10 * STEPS)] if net in ("d2", "d4") else [])):
            x = points("rk4 " + net, CHECKED).astype(np.float64)
            for _ in range(n):
                x = rk4(f, x, 1 / n)
            out[f"{method} {net}"] = x
    x, f = points("lorenz", CHECKED).astype(np.float64), lorenz(lambda v: np.stack(v, -1))
    for n in range(1000):
        x = tsit5(f, x, 1e-3)
        if n == 99:
            out["lorenz 100"] = x
    out["lorenz"] = x
    return out


class Peer:
    """What the processes of both libraries have in common."""

    def __init__(self, folder, device, compilers):
        self.device, self.compilers, self.waits = device, compilers, {}
        self.weights, self.wants = np.load(os.path.join(folder, "weights.npz")), np.load(os.path.join(folder, "wants.npz"))

    def off(self, want, got):
        want = self.wants[want]
        got = np.asarray(got, np.float64)[:len(want)]
        return float(np.max(np.abs(got - want[:len(got)]) / np.maximum(1, np.abs(want[:len(got)]))))

    def row(self, case):
        """Checks, then times a row; a dict of the results."""
        work, what, batch, peer = case
        call, look, scale = self.make(tuple(case))
        found = look(self.wait(call()))
        if "off" in found and not found["off"] < NEAR[work.split()[0]]:
            return {"failed": f"differs by {found['off']:.1e} from the float64 solution"}
        def seconds():
            t = time.perf_counter()
            self.wait(call())
            return time.perf_counter() - t
        times, begun = [seconds()], time.perf_counter()
        if times[0] < 1:  # of long calls the second is enough, of others it is another warm-up
            times = []
            while len(times) < 3 or len(times) < 15 and time.perf_counter() - begun < 0.3:
                times.append(seconds())
        return {"seconds": scale * statistics.median(times), "least": scale * min(times), "runs": len(times), "compile": self.waits.get(tuple(case)), **found}

    def serve(self, lines, answer):
        answer(self.about())
        for line in lines:
            ask = json.loads(line)
            try:
                if "prepare" in ask:
                    self.prepare([tuple(c) for c in ask["prepare"]], ask["until"])
                    answer({"prepared": len(self.waits)})
                else:
                    answer(self.row(tuple(ask["row"])))
            except Exception as e:  # the row is lost, not the others
                answer({"failed": f"{type(e).__name__}: {e}"[:300]})
            gc.collect()
            self.tidy()
