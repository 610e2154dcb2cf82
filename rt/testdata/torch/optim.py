"""Writes optim.json: weights after every step of torch.optim on fixed gradients."""
import json, math, sys, torch

torch.set_default_dtype(torch.float64)
N, STEPS = 5, 50
START = [0.5, -1.25, 2.0, 0.125, -0.75]

def gradient(step, w):
    # A quadratic bowl with a moving centre: every moment is exercised.
    c = torch.tensor([(7 * step + 3 * i) % 11 / 5 - 1 for i in range(N)])
    k = torch.tensor([1.0 + i for i in range(N)])
    return k * (w - c)

O = torch.optim
CASES = [
    ("sgd", lambda p: O.SGD(p, lr=0.05), None),
    ("sgd momentum", lambda p: O.SGD(p, lr=0.02, momentum=0.9, dampening=0.1, weight_decay=0.01), None),
    ("sgd nesterov", lambda p: O.SGD(p, lr=0.02, momentum=0.9, nesterov=True), None),
    ("adam", lambda p: O.Adam(p, lr=0.01), None),
    ("adam decay", lambda p: O.Adam(p, lr=0.03, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1), None),
    ("adamw", lambda p: O.AdamW(p, lr=0.01), None),
    ("adam beta1 small", lambda p: O.Adam(p, lr=0.01, betas=(0.3, 0.4)), None),
    ("rmsprop", lambda p: O.RMSprop(p, lr=0.01), None),
    ("rmsprop centered", lambda p: O.RMSprop(p, lr=0.01, momentum=0.5, centered=True, weight_decay=0.01), None),
    ("lbfgs", lambda p: O.LBFGS(p, lr=0.3, max_iter=1, history_size=10), None),
    ("lbfgs short", lambda p: O.LBFGS(p, lr=0.1, max_iter=1, history_size=2), None),
    ("clip norm", lambda p: O.Adam(p, lr=0.01), ("norm", 1.0)),
    ("clip value", lambda p: O.SGD(p, lr=0.05), ("value", 0.5)),
]
out = []
for name, make, clip in CASES:
    w = torch.tensor(START, requires_grad=True)
    opt = make([w])
    trace = []
    for step in range(STEPS):
        w.grad = gradient(step, w.detach())
        if clip and clip[0] == "norm":
            torch.nn.utils.clip_grad_norm_([w], clip[1])
        if clip and clip[0] == "value":
            torch.nn.utils.clip_grad_value_([w], clip[1])
        opt.step(lambda: torch.zeros(()))  # L-BFGS wants a loss, and takes one iteration
        trace.append(w.detach().tolist())
    out.append({"name": name, "trace": trace})
json.dump({"torch": torch.__version__, "start": START, "cases": out}, open("optim.json", "w"), separators=(",", ":"))
