"""Writes timed.json: values and gradients, computed by PyTorch, of the layers that depend on time (FFJORD's kinds) and
of weights with a basis; timed.nde must reproduce them in float64.

    python timed.py > timed.json
"""

import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
T = 0.3

VECTOR, IMAGE, SERIES = (3,), (2, 5, 4), (2, 7)


def linear(i):
    return nn.Linear(i, 4)


def image(i):
    return nn.Conv2d(i, 4, 3, padding=1, stride=2)


def series(i):
    return nn.Conv1d(i, 3, 3, dilation=2)


def up(i):
    return nn.ConvTranspose2d(i, 3, 3, stride=2, padding=1)


class Timed(nn.Module):
    """One kind of FFJORD over the layer that make(channels) gives."""

    def __init__(self, kind, make, shape):
        super().__init__()
        self.kind, self.shape = kind, shape
        planes = {"concat": 1, "concatcoord": len(shape)}.get(kind, 0)
        inner = make(shape[0] + planes)
        out = getattr(inner, "out_channels", None) or inner.out_features
        if kind == "blend":
            self._layer0, self._layer1 = inner, make(shape[0])
        elif kind == "hyper":
            self.inner = [inner]  # in a list: its numbers are those of the network
            n = sum(p.numel() for p in inner.parameters())
            self._hypernet = nn.Linear(1, n) if len(shape) > 1 else nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, n))
        else:
            self._layer = inner
        if kind in ("concat_v2", "concatsquash"):
            self._hyper_bias = nn.Linear(1, out, bias=False)
        if kind == "squash":
            self._hyper = nn.Linear(1, out)
        if kind == "concatsquash":
            self._hyper_gate = nn.Linear(1, out)

    def forward(self, t, x):
        def over(v):
            return v.view(-1, *[1] * (len(self.shape) - 1))

        tt, plane = t.view(1), [1, *self.shape[1:]]
        k = self.kind
        if k == "concat":
            return self._layer(torch.cat([t.expand(plane), x])[None])[0]
        if k == "concatcoord":
            grid = torch.meshgrid(*[torch.arange(n, dtype=x.dtype) for n in self.shape[1:]], indexing="ij")
            return self._layer(torch.cat([x, t.expand(plane)] + [g[None] for g in grid])[None])[0]
        if k == "concat_v2":
            return self._layer(x[None])[0] + over(self._hyper_bias(tt))
        if k == "squash":
            return self._layer(x[None])[0] * torch.sigmoid(over(self._hyper(tt)))
        if k == "concatsquash":
            return self._layer(x[None])[0] * torch.sigmoid(over(self._hyper_gate(tt))) + over(self._hyper_bias(tt))
        if k == "blend":
            a, b = self._layer0(x[None])[0], self._layer1(x[None])[0]
            return a + (b - a) * t
        numbers, inner = self._hypernet(tt), self.inner[0]
        bias = numbers[: inner.bias.numel()]
        weight = numbers[inner.bias.numel():].view_as(inner.weight)
        return torch.func.functional_call(inner, {"weight": weight, "bias": bias}, (x[None],))[0]


class Basis(nn.Module):
    """A layer whose parameters are w + Σ f_k(t) w_basis[k]."""

    def __init__(self, inner, functions, run=lambda y: y):
        super().__init__()
        self.inner, self.functions, self.run = [inner], functions, run
        self.own = nn.ParameterDict()
        n = len(functions(torch.tensor(0.0)))
        for k, v in inner.named_parameters():
            self.own[k.replace(".", "/")] = nn.Parameter(v.detach().clone())
            self.own[k.replace(".", "/") + "_basis"] = nn.Parameter(torch.zeros(n, *v.shape))

    def named(self):
        return {k.replace("/", "."): v for k, v in self.own.items()}

    def forward(self, t, x):
        f = torch.stack(self.functions(t))
        w = {k: self.own[k.replace(".", "/")] + torch.tensordot(f, self.own[k.replace(".", "/") + "_basis"], 1)
             for k, _ in self.inner[0].named_parameters()}
        return self.run(torch.func.functional_call(self.inner[0], w, (x[:, None] if isinstance(self.inner[0], nn.RNNBase) else x[None],)))


def fourier(t):
    return [g(2 * math.pi * k * t) for k in (1, 2) for g in (torch.cos, torch.sin)]


def powers(t):
    return [t, t * t, t * t * t]


LAYERS = {}
for kind in ("concat", "concat_v2", "squash", "concatsquash", "blend", "hyper"):
    LAYERS["L" + kind] = Timed(kind, linear, VECTOR)
for kind in ("concat", "concat_v2", "squash", "concatsquash", "concatcoord", "blend", "hyper"):
    LAYERS["C" + kind] = Timed(kind, image, IMAGE)
LAYERS["Sconcatcoord"] = Timed("concatcoord", series, SERIES)
LAYERS["Sconcatsquash"] = Timed("concatsquash", series, SERIES)
LAYERS["Usquash"] = Timed("squash", up, IMAGE)
LAYERS["Uhyper"] = Timed("hyper", up, IMAGE)
LAYERS["Bmlp"] = Basis(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)), fourier, lambda y: y[0])
LAYERS["Bgru"] = Basis(nn.GRU(2, 3), powers, lambda y: y[1][0, 0])
LAYERS["Blstm"] = Basis(nn.LSTM(2, 3), powers, lambda y: y[0][:, 0])
LAYERS["Bnorm"] = Basis(nn.LayerNorm(3), fourier, lambda y: y[0])
SHAPES = {"L": VECTOR, "C": IMAGE, "S": SERIES, "U": IMAGE, "Bmlp": VECTOR, "Bnorm": VECTOR, "Bgru": (4, 2), "Blstm": (4, 2)}

out = {}
for model, layer in LAYERS.items():
    for p in layer.parameters():
        nn.init.uniform_(p, -0.7, 0.7)
    shape = SHAPES.get(model) or SHAPES[model[0]]
    x = torch.rand(shape).mul(2).sub(1).requires_grad_()
    t = torch.tensor(T, requires_grad=True)
    y = layer(t, x)
    torch.sin(y).sum().backward()
    named = layer.named() if isinstance(layer, Basis) else dict(layer.named_parameters())
    out[model] = {
        "params": {model.lower() + ".0." + k: v.flatten().tolist() for k, v in named.items()},
        "x": x.flatten().tolist(), "t": T, "y": y.flatten().tolist(), "g": x.grad.flatten().tolist(), "gt": [t.grad.item()],
    }
json.dump(out, sys.stdout)
