"""Writes reference.json: values of PyTorch that ndec must reproduce in float64.

    python reference.py > reference.json

The network, the data and the starting weights are drawn here once and stored with the results, so that
nothing depends on PyTorch's random numbers. Fixed-step solvers are written out: the trajectories are
those of the classical formulas, not of a library's step control.
"""

import json
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(20261124)

N, STEPS, EPOCHS = 48, 8, 50


def net():
    return torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))


def field_of(m):
    return lambda t, x: m(x)


def euler(f, t, h, x):
    return x + h * f(t, x)


def midpoint(f, t, h, x):
    return x + h * f(t + h / 2, x + h / 2 * f(t, x))


def heun(f, t, h, x):
    k1 = f(t, x)
    k2 = f(t + h, x + h * k1)
    return x + h / 2 * (k1 + k2)


def rk4(f, t, h, x):
    k1 = f(t, x)
    k2 = f(t + h / 2, x + h / 2 * k1)
    k3 = f(t + h / 2, x + h / 2 * k2)
    k4 = f(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def integrate(step, f, x, steps=STEPS):
    h = 1.0 / steps
    for k in range(steps):
        x = step(f, k * h, h, x)
    return x


def state(m):
    return {"f." + k: v.detach().tolist() for k, v in m.state_dict().items()}


base = net()
start = {k: v.clone() for k, v in base.state_dict().items()}
angle = torch.linspace(0, torch.pi, N // 2)
outer = torch.stack([torch.cos(angle), torch.sin(angle)], 1)
inner = torch.stack([1 - torch.cos(angle), 0.5 - torch.sin(angle)], 1)
x = torch.cat([outer, inner]) + 0.1 * torch.rand(N, 1)
y = torch.cat([torch.zeros(N // 2), torch.ones(N // 2)]).long()

points = x[::7]
ref = {
    "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
    "start": state(base),
    "x": x.tolist(),
    "y": y.tolist(),
    "points": points.tolist(),
    "net": base(points).tolist(),
    "jacobian": [torch.autograd.functional.jacobian(base, p).tolist() for p in points],
    "solves": {s.__name__: integrate(s, field_of(base), points).tolist() for s in (euler, midpoint, heun, rk4)},
    "fits": {},
}

OPTIMIZERS = {
    "Adam": (lambda p: torch.optim.Adam(p, lr=0.01), None),
    "AdamW": (lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.02), None),
    "Momentum": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), None),
    "Clipped": (lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.5, nesterov=True), 0.25),
    "RMSprop": (lambda p: torch.optim.RMSprop(p, lr=0.003, momentum=0.2), None),
}

for name, (make, clip) in OPTIMIZERS.items():
    m = net()
    m.load_state_dict(start)
    opt = make(m.parameters())
    losses = []
    for _ in range(EPOCHS):
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(integrate(rk4, field_of(m), x), y)
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(m.parameters(), clip)
        opt.step()
        losses.append(loss.item())
    ref["fits"][name] = {"losses": losses, "weights": state(m)}

json.dump(ref, sys.stdout)
