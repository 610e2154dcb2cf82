"""Writes torchdiffeq_errors.json: how far gradients of torchdiffeq are off on Van der Pol's oscillator, as torchdyn's own test
(test/test_sensitivity.py) compares itself with it.

1,024 starts u = 2 sin(3k + 1), v = 2 cos(5k²), stiffness 0.1 and 0.5, 100 times from 0 to 1, all in one batch; the
gradient is that of the mean over the times of u + v by each start. The error of odeint_adjoint at rtol = atol = 1e-4
is against autograd through dopri5 at 1e-11: mean and worst over the 2,048 numbers ("batch"), with the evaluations of the
forward solve. One batch has the same steps for all its starts, by a norm over all of them. "alone" is the same for every 16th
start in a solve of its own, evaluations in the mean.

    pip install torch torchdiffeq scipy
    python3 torchdiffeq_errors.py > torchdiffeq_errors.json
"""

import json
import platform

import torch
import torchdiffeq
from torchdiffeq import odeint, odeint_adjoint

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Pol(torch.nn.Module):
    def __init__(self, mu):
        super().__init__()
        self.mu, self.evaluations = mu, 0

    def forward(self, t, x):
        self.evaluations += 1
        u, v = x[:, 0], x[:, 1]
        return torch.stack([v, self.mu * (1 - u**2) * v - u], 1)


def gradient(solve, mu, k, **options):
    x = torch.stack([2 * torch.sin(3 * k + 1), 2 * torch.cos(5 * k * k)], 1).requires_grad_()
    f = Pol(mu)
    y = solve(f, x, torch.linspace(0, 1, 100), **options)
    forward = f.evaluations
    (y.sum() / 100).backward()
    return x.grad, forward


def figures(off, evaluations):
    return {"mean": off.mean().item(), "worst": off.max().item(), "evaluations": evaluations}


out = {"python": platform.python_version(), "torch": torch.__version__, "torchdiffeq": torchdiffeq.__version__, "cases": []}
every, loose = torch.arange(1024.0), {"method": "dopri5", "rtol": 1e-4, "atol": 1e-4}
for mu in (0.1, 0.5):
    true, _ = gradient(odeint, mu, every, method="dopri5", rtol=1e-11, atol=1e-11)
    got, n = gradient(odeint_adjoint, mu, every, **loose)
    batch = figures((got - true).abs(), n)
    alone = [gradient(odeint_adjoint, mu, k.reshape(1), **loose) for k in every[::16]]
    off = torch.cat([g for g, _ in alone]) - true[::16]
    out["cases"].append({"mu": mu, "batch": batch, "alone": figures(off.abs(), sum(n for _, n in alone) / len(alone)), "first": true[0].tolist()})
print(json.dumps(out, indent=1))
