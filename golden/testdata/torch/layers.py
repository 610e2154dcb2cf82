"""Writes layers.json: values and gradients of PyTorch's layers that layers.nde must reproduce in float64.

    python layers.py > layers.json
"""

import json
import sys

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)

LAYERS = {
    "Conv": ("conv.0", nn.Conv2d(4, 6, 3, padding=1, stride=2, groups=2), (4, 7, 6)),
    "Dilated": ("dilated.0", nn.Conv1d(2, 3, 3, dilation=2, padding=1), (2, 9)),
    "Up": ("up.0", nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 3, 4)),
    "Average": ("average.0", nn.AvgPool2d(2, padding=1), (2, 5, 4)),
    "Largest": ("largest.0", nn.MaxPool2d(2, stride=1), (2, 5, 4)),
    "Groups": ("groups.0", nn.GroupNorm(2, 4), (4, 3, 2)),
    "Gru": ("gru.0", nn.GRU(3, 4), (6, 3)),
    "Lstm": ("lstm.0", nn.LSTM(3, 4), (6, 3)),
}

out = {}
for model, (prefix, layer, shape) in LAYERS.items():
    for p in layer.parameters():
        nn.init.uniform_(p, -0.7, 0.7)
    x = torch.rand(shape).mul(2).sub(1).requires_grad_()
    y = layer(x[:, None] if model in ("Gru", "Lstm") else x[None])
    if model == "Gru":
        y = y[1]
    if model == "Lstm":
        y = y[0]
    torch.sin(y).sum().backward()
    out[model] = {
        "params": {prefix + "." + k: v.flatten().tolist() for k, v in layer.state_dict().items()},
        "x": x.flatten().tolist(), "y": y.flatten().tolist(), "g": x.grad.flatten().tolist(),
    }
json.dump(out, sys.stdout)
