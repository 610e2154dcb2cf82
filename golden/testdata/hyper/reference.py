"""Writes reference.json: steps of hypersolvers by the formulas of TorchDyn and of the research code, in float64.

    python reference.py > reference.json

TorchDyn (DiffEqML/torchdyn, numerics/solvers/hyper.py): HyperEuler, HyperMidpoint and HyperRungeKutta4 add
dt^(order+1) hypernet(t, x) to the step of their base. The research code (DiffEqML/diffeqml-research, hypersolver) adds
eps^(p+1) g(cat(z, dz, eps)) and fits g to R = (z(s + eps) - z - eps psi(z)) / eps^(p+1), psi the slope of the base and
z(s) the exact solution. The formulas are written out here; weights are drawn once and stored.
"""

import json
import sys

import numpy as np

rng = np.random.default_rng(20261128)

STEPS = 6


class Net:
    """Linear(16), tanh, Linear(2), initialised as torch.nn.Linear is; weights are [out, in]."""

    def __init__(self, n_in):
        self.w = {}
        for name, n_out, n in (("0", 16, n_in), ("2", 2, 16)):
            self.w[name + ".weight"] = rng.uniform(-1, 1, (n_out, n)) / n**0.5
            self.w[name + ".bias"] = rng.uniform(-1, 1, n_out) / n**0.5

    def __call__(self, *columns):
        x = np.concatenate([c if np.ndim(c) else np.full((POINTS, 1), c) for c in columns], 1)
        y = np.tanh(x @ self.w["0.weight"].T + self.w["0.bias"])
        return y @ self.w["2.weight"].T + self.w["2.bias"]


POINTS = 5
f, seen, cat = Net(3), Net(3), Net(5)


def field(t, x):
    return f(x, t)


def euler(t, h, x):
    return field(t, x)


def midpoint(t, h, x):
    return field(t + h / 2, x + h / 2 * field(t, x))


def heun(t, h, x):
    k1 = field(t, x)
    return (k1 + field(t + h, x + h * k1)) / 2


def heun3(t, h, x):
    k1 = field(t, x)
    k2 = field(t + h / 3, x + h / 3 * k1)
    k3 = field(t + 2 * h / 3, x + 2 * h / 3 * k2)
    return (k1 + 3 * k3) / 4


def rk4(t, h, x):
    k1 = field(t, x)
    k2 = field(t + h / 2, x + h / 2 * k1)
    k3 = field(t + h / 2, x + h / 2 * k2)
    k4 = field(t + h, x + h * k3)
    return (k1 + 2 * k2 + 2 * k3 + k4) / 6


def alpha(t, h, x):
    a = 0.7
    k1 = field(t, x)
    return (1 - 1 / (2 * a)) * k1 + 1 / (2 * a) * field(t + a * h, x + a * h * k1)


ORDER = {euler: 1, midpoint: 2, heun: 2, heun3: 3, rk4: 4, alpha: 2}


def torchdyn(base):
    def step(t, h, x):
        return x + h * base(t, h, x) + h ** (ORDER[base] + 1) * seen(x, t)

    return step


def research(base):
    def step(t, h, x):
        return x + h * base(t, h, x) + h ** (ORDER[base] + 1) * cat(x, field(t, x), h)

    return step


def integrate(step, x, steps):
    h = 1.0 / steps
    for k in range(steps):
        x = step(k * h, h, x)
    return x


def residuals(base, x):
    """Mean over the mesh of |g - R|^2, z by rk4 in 40 steps per mesh step."""
    h, z, total = 1.0 / STEPS, x, 0.0
    for k in range(STEPS):
        t, end = k * h, z
        for i in range(40):
            end = end + h / 40 * rk4(t + i * h / 40, h / 40, end)
        r = (end - z - h * base(t, h, z)) / h ** (ORDER[base] + 1)
        g = cat(z, field(t, z), h)
        total = total + ((g - r) ** 2).sum(1) / STEPS
        z = end
    return total


x = rng.standard_normal((POINTS, 2))
json.dump(
    {
        "versions": {"python": sys.version.split()[0], "numpy": np.__version__},
        "weights": {name + "." + k: v.tolist() for name, m in (("f", f), ("seen", seen), ("cat", cat)) for k, v in m.w.items()},
        "x": x.tolist(),
        "torchdyn": {b.__name__: integrate(torchdyn(b), x, STEPS).tolist() for b in ORDER},
        "research": {b.__name__: integrate(research(b), x, STEPS).tolist() for b in ORDER},
        "residual": {b.__name__: residuals(b, x).tolist() for b in ORDER},
    },
    sys.stdout,
)
