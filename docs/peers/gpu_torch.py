"""The rows of gpu.py by PyTorch: eager loops, torchdiffeq, compiled steps and CUDA graphs."""

import os
import re
import sys
import time
import types

from gpu_work import CHECKED, EPOCHS, STEPS, Peer, layers, lorenz, moons, points, rk4, tsit5


class Torch(Peer):
    def __init__(self, *args):
        super().__init__(*args)
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = str(self.compilers)
        import torch
        import torchdiffeq
        self.torch, self.odeint, self.made = torch, torchdiffeq.odeint, {}
        if self.device != "cpu":
            torch.zeros(8, 8, device=self.device) @ torch.zeros(8, 8, device=self.device)  # starts the libraries
        self.version = torchdiffeq.__version__

    def about(self):
        t = self.torch
        return {"torch": t.__version__, "torchdiffeq": self.version, "device": t.cuda.get_device_name() if self.device != "cpu" else "cpu"}

    def wait(self, out):
        if self.device != "cpu":
            self.torch.cuda.synchronize()
        return out

    def tidy(self):
        if self.device != "cpu":
            self.torch.cuda.empty_cache()

    def of(self, x):
        return self.torch.tensor(x, device=self.device)

    def layers(self, net, train):
        return [(self.of(w).requires_grad_(train), self.of(b).requires_grad_(train)) for w, b in layers(self.weights, net)]

    def compiled(self, case):
        """The step of a row by torch.compile; the first call of its function, with its gradient, is the wait."""
        work, what, batch, peer = case
        key = work, what, batch, peer == "tf32"
        self.torch.set_float32_matmul_precision("high" if peer == "tf32" else "highest")
        if key in self.made:
            if isinstance(self.made[key], Exception):  # it would only fail again
                raise self.made[key]
            return self.made[key]
        try:
            self.made[key] = self.compile(case, key)
        except Exception as e:
            self.made[key] = e
            raise
        return self.made[key]

    def compile(self, case, key):
        work, what, batch, _ = case
        torch, t = self.torch, time.perf_counter()
        linear, tanh, stack = torch.nn.functional.linear, torch.tanh, torch.stack

        def step(p, x, h):
            if p is None:
                return tsit5(lorenz(lambda v: stack(v, -1)), x, h)

            def f(x):
                for w, b in p[:-1]:
                    x = tanh(linear(x, w, b))
                return linear(x, *p[-1])
            return rk4(f, x, h)
        # code of its own for each row: otherwise rows count as compilations of one function, of which there may be eight
        own = types.FunctionType(step.__code__.replace(co_name=re.sub(r"\W", "_", f"step_{key}")), step.__globals__, None, None, step.__closure__)
        own = torch.compile(own, fullgraph=True, dynamic=False)
        x, train = self.of(points(work, batch)), what == "train"
        if work == "lorenz":
            p, h = None, 1e-3
        else:
            p, h = self.layers(work.split()[1], train), 1 / STEPS
        with torch.set_grad_enabled(train):
            out = own(p, own(p, x, h), h)  # the state of the second step has a gradient too: it is another function
            if train:
                out.square().mean().backward()
        self.wait(out)
        self.waits[tuple(case)] = time.perf_counter() - t
        return own

    def prepare(self, rows, until):
        for case in rows:
            if case[3] in ("compiled", "tf32") and time.time() < until:
                try:
                    self.compiled(case)
                except Exception as e:  # which its row will say
                    print(case, e, file=sys.stderr)
                self.tidy()

    def solver(self, case):
        """The function from inputs to end states, and its weights."""
        torch, (work, what, batch, peer) = self.torch, case
        method, net = work.split()
        if peer in ("compiled", "graph", "tf32"):
            step, p = self.compiled(case), self.layers(net, what == "train")

            def solve(x):
                for _ in range(STEPS):
                    x = step(p, x, 1 / STEPS)
                return x
            return solve, [a for pair in p for a in pair]
        torch.set_float32_matmul_precision("highest")
        parts = []
        for w, b in layers(self.weights, net):
            parts += [torch.nn.Linear(*w.shape[::-1], device=self.device), torch.nn.Tanh()]
            with torch.no_grad():
                parts[-2].weight.copy_(self.of(w)), parts[-2].bias.copy_(self.of(b))
        f, span = torch.nn.Sequential(*parts[:-1]), self.of([0.0, 1.0])
        if peer == "eager":
            def solve(x):
                for _ in range(STEPS):
                    x = rk4(f, x, 1 / STEPS)
                return x
        elif method == "rk4":
            solve = lambda x: self.odeint(lambda t, x: f(x), x, span, method="rk4", options={"step_size": 1 / STEPS})[-1]
        else:
            solve = lambda x: self.odeint(lambda t, x: f(x), x, span, method="dopri5", rtol=1e-4, atol=1e-4)[-1]
        return solve, list(f.parameters())

    def record(self, call, clear):
        """Records a call as a CUDA graph, after some on a stream of its own, as PyTorch's documentation asks."""
        torch = self.torch
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                clear()
                call()
        torch.cuda.current_stream().wait_stream(side)
        clear()  # so that the graph makes gradients anew, and adds to none
        g = torch.cuda.CUDAGraph()
        with torch.cuda.graph(g):
            out = call()

        def replay():
            g.replay()
            return out
        return replay

    def make(self, case):
        """The call of a row, what to look at in its result, and what to multiply its time by."""
        torch, (work, what, batch, peer) = self.torch, case
        if work == "moons":
            return self.moons()
        if work == "lorenz":
            return self.lorenz(case)
        solve, params = self.solver(case)
        x, clear = self.of(points(work, batch)), lambda: None
        if what == "forward":
            def call():
                with torch.no_grad():
                    return solve(x)
            look = lambda out: {"off": self.off(work, out[:CHECKED].cpu())}
        else:
            adam = torch.optim.Adam(params, lr=1e-9, capturable=peer == "graph")
            clear = lambda: adam.zero_grad(set_to_none=True)

            def call():
                loss = solve(x).square().mean()
                loss.backward()
                adam.step()
                return loss.detach()
            look = lambda loss: {"loss": loss.item(), "norm": sum(p.grad.double().square().sum().item() for p in params) ** 0.5}
        if peer == "graph":
            return self.record(call, clear), look, 1
        return (lambda: (clear(), call())[1]), look, 1

    def lorenz(self, case):
        torch, (work, _, batch, peer) = self.torch, case
        x0, field = self.of(points(work, batch)), lorenz(lambda v: torch.stack(v, -1))
        step = (lambda p, x, h: tsit5(field, x, h)) if peer == "eager" else self.compiled(case)
        n = 100 if peer == "eager" else 1000

        def call():
            x = x0
            with torch.no_grad():
                for _ in range(n):
                    x = step(None, x, 1e-3)
            return x
        if peer == "graph":
            call = self.record(call, lambda: None)
        return call, lambda out: {"off": self.off("lorenz 100" if n == 100 else "lorenz", out[:CHECKED].cpu())}, 1000 // n

    def moons(self):
        torch, (x, y, start) = self.torch, moons()
        torch.set_float32_matmul_precision("highest")
        x, y = self.of(x), self.of(y)
        f = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)).to(self.device)
        n = EPOCHS // 10

        def loss():
            z = x
            for _ in range(20):
                z = rk4(f, z, 1 / 20)
            return torch.nn.functional.cross_entropy(z, y)

        def call():
            with torch.no_grad():
                for p, s in zip(f.parameters(), start):
                    p.copy_(self.of(s))
            adam = torch.optim.Adam(f.parameters(), lr=0.01)
            for _ in range(n):
                adam.zero_grad(set_to_none=True)
                loss().backward()
                adam.step()

        def look(_):
            with torch.no_grad():
                return {"loss": loss().item()}
        return call, look, EPOCHS // n
