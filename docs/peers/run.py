#!/usr/bin/env python3
"""Times ndec beside JAX, Diffrax and TorchDyn, on one thread, and prints ratios.

    python3 -m venv peers && peers/bin/pip install jax diffrax torch torchdyn numpy
    peers/bin/python docs/peers/run.py --rounds 9

Peers that cannot be imported are left out. All run in turn, round by round, so that what else the machine does
weighs on all of them; a cell is the least time of the rounds, and ratios are of these. Weights are the same
everywhere, and results are compared before anything is timed. All of it is bound to one core: XLA spreads large
arrays over all cores whatever its flags say, and a batch of 65,536 would take two of them (404 ms of processor time in 233 ms).
"""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", JAX_PLATFORMS="cpu",
                  XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
LAYERS = {"small": [2, 16, 16, 2], "wide": [2, 64, 64, 2], "hyper": [2, 64, 64, 2], "tiny": [2, 16, 2]}


def net_of(what):
    """The net that a model or recipe solves with."""
    return next((net for net in ("tiny", "small") if net.capitalize() in what), "wide")


def weights():
    """Weights of the nets by PyTorch's names: gain 1, 1.2 inside, 3 last."""
    rng, out = np.random.default_rng(7), {}
    for net, sizes in LAYERS.items():
        for k, (n, m) in enumerate(zip(sizes, sizes[1:])):
            gain = 3 if k == len(sizes) - 2 else 1.2 if k else 1
            out[f"{net}.{2*k}.weight"] = (gain * rng.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32)
            out[f"{net}.{2*k}.bias"] = (0.1 * rng.standard_normal(m)).astype(np.float32)
    return out


def save(path, tensors):
    """Writes a safetensors file."""
    head, body = {}, b""
    for name, x in tensors.items():
        head[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [len(body), len(body) + x.nbytes]}
        body += x.tobytes()
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def least(f, seconds=0.05):
    """The least time of a call among those of a short while."""
    best, begun = np.inf, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        t = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - t)
    return best


class Ndec:
    """The command; its times are measured in the program that it builds."""

    name = "ndec"

    def __init__(self, command, weights_file):
        self.command, self.weights = command, weights_file

    def ask(self, *args):
        out = subprocess.run([*self.command, *args, "--json", "-q"], cwd=HERE, capture_output=True, text=True)
        if out.returncode:
            sys.exit(f"ndec {' '.join(args)}: {out.stderr}")
        return json.loads(out.stdout)

    def values(self, model, x):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump({"x": x.tolist()}, f)
            f.flush()
            return np.array(self.ask("run", ".", "--model", model, "--in", f.name, "--weights", self.weights)["outputs"].popitem()[1])

    def solve(self, model, batch):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump({"x": points(model, batch).tolist()}, f)
            f.flush()
            row = self.ask("bench", ".", "--model", model, "--in", f.name, "--weights", self.weights, "--time", "0.3")["rows"][0]
        return row["alone"]["least"] if batch == 1 else row["batch"]["least"] * batch

    def train(self, recipe):
        def seconds(n):
            return self.ask("train", ".", "--recipe", recipe, "--init", self.weights, "--workers", "1", "--steps", str(n), "--out", tempfile.mkdtemp())["recipes"][0]["seconds"]
        few, many = (min(seconds(n) for _ in range(3)) for n in (5, 105))  # the least of each, so that other work does not make the difference
        return (many - few) / 100


def points(model, batch):
    rng = np.random.default_rng(batch)
    return rng.standard_normal((batch, 3 if model.startswith("Lorenz") else 2)).astype(np.float32)


class Jax:
    """A jitted scan around a classical rk4 step."""

    name = "jax"

    def __init__(self, w):
        import jax
        import jax.numpy as jnp
        self.jax, self.jnp = jax, jnp
        self.params = {net: [(jnp.array(w[f"{net}.{k}.weight"].T), jnp.array(w[f"{net}.{k}.bias"])) for k in range(0, 2 * len(s) - 2, 2)] for net, s in LAYERS.items()}
        self.made = {}

    def net(self, p, x):
        for i, (m, b) in enumerate(p):
            x = x @ m + b
            if i < len(p) - 1:
                x = self.jnp.tanh(x)
        return x

    def rk4(self, p, x):
        h = 1 / 20

        def step(x, _):
            k1 = self.net(p, x)
            k2 = self.net(p, x + h / 2 * k1)
            k3 = self.net(p, x + h / 2 * k2)
            k4 = self.net(p, x + h * k3)
            return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None
        return self.jax.lax.scan(step, x, None, length=20)[0]

    def hyper(self, p, x):
        """HyperEuler: ten steps x + h f(x) + h² g(x)."""
        h = 1 / 10

        def step(x, _):
            return x + h * self.net(p[0], x) + h * h * self.net(p[1], x), None
        return self.jax.lax.scan(step, x, None, length=10)[0]

    def solve(self, model, batch):
        if model not in ("SmallFixed", "WideFixed", "WideHyper"):
            return None
        p = self.params[net_of(model)]
        if model == "WideHyper":
            p = p, self.params["hyper"]
        if model not in self.made:
            self.made[model] = self.jax.jit(self.hyper if model == "WideHyper" else self.rk4)
        f, x = self.made[model], self.jnp.array(points(model, batch))
        f(p, x).block_until_ready()
        return least(lambda: f(p, x).block_until_ready())

    def train(self, recipe):
        if not recipe.endswith("Fixed"):
            return None
        p = self.params[net_of(recipe)]
        if recipe not in self.made:
            loss = lambda p, x: self.jnp.mean(self.jnp.sum(self.rk4(p, x) ** 2, axis=1))

            def step(p, m, v, x):  # Adam at a rate of nothing
                g = self.jax.grad(loss)(p, x)
                m = self.jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
                v = self.jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
                return self.jax.tree.map(lambda p, m, v: p - 1e-9 * m / (self.jnp.sqrt(v) + 1e-8), p, m, v), m, v
            self.made[recipe] = self.jax.jit(step)
        f, x = self.made[recipe], self.jnp.array(points("", 512))
        zero = self.jax.tree.map(self.jnp.zeros_like, p)
        call = lambda: self.jax.block_until_ready(f(p, zero, zero, x))
        call()
        return least(call, 0.2)


class Diffrax(Jax):
    """Diffrax, steps shared by the batch."""

    name = "diffrax"

    def __init__(self, w):
        super().__init__(w)
        import diffrax
        self.dfx = diffrax

        class RK4(diffrax.AbstractERK):  # diffrax has no classical rk4
            tableau = diffrax.ButcherTableau(a_lower=(np.array([1 / 2]), np.array([0, 1 / 2]), np.array([0, 0, 1.])), c=np.array([1 / 2, 1 / 2, 1]),
                                             b_sol=np.array([1, 2, 2, 1]) / 6, b_error=np.zeros(4))
            interpolation_cls = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

            def order(self, terms):
                return 4
        self.rk4_of_diffrax = RK4()

    def density(self, p, x, back):
        """The state, and the change of log-density along it unless the flow goes back."""
        d, tol = self.dfx, self.dfx.PIDController(rtol=1e-5, atol=1e-5)
        if back:
            return d.diffeqsolve(d.ODETerm(lambda t, z, p: self.net(p, z)), d.Dopri5(), 1.0, 0.0, None, x, args=p, stepsize_controller=tol, max_steps=4096).ys[0]

        def field(t, state, p):
            f = lambda z: self.net(p, z)
            trace = self.jax.vmap(lambda z: self.jnp.trace(self.jax.jacfwd(f)(z)))(state[0])
            return self.jax.vmap(f)(state[0]), -trace
        z, l = d.diffeqsolve(d.ODETerm(field), d.Dopri5(), 0.0, 1.0, None, (x, self.jnp.zeros(len(x))), args=p, stepsize_controller=tol, max_steps=4096).ys
        return -0.5 * self.jnp.sum(z[0] ** 2 + self.jnp.log(2 * self.jnp.pi), axis=1) - l[0]

    def run(self, model):
        d = self.dfx
        if model in ("LogDensity", "Sample"):
            return lambda p, x: self.density(p, x, model == "Sample")
        if model == "LorenzFixed":
            field = lambda t, x, p: self.jnp.stack([10 * (x[..., 1] - x[..., 0]), x[..., 0] * (28 - x[..., 2]) - x[..., 1], x[..., 0] * x[..., 1] - 8 / 3 * x[..., 2]], -1)
            return lambda p, x: d.diffeqsolve(d.ODETerm(field), d.Tsit5(), 0.0, 1.0, 0.001, x, stepsize_controller=d.ConstantStepSize(), max_steps=1001).ys[0]
        if model.endswith("Fixed"):
            return lambda p, x: d.diffeqsolve(d.ODETerm(lambda t, x, p: self.net(p, x)), self.rk4_of_diffrax, 0.0, 1.0, 1 / 20, x, args=p,
                                              stepsize_controller=d.ConstantStepSize(), max_steps=21).ys[0]
        return lambda p, x: d.diffeqsolve(d.ODETerm(lambda t, x, p: self.net(p, x)), d.Dopri5(), 0.0, 1.0, None, x, args=p,
                                          stepsize_controller=d.PIDController(rtol=1e-4, atol=1e-4), max_steps=4096).ys[0]

    def solve(self, model, batch):
        if model == "WideHyper":
            return None
        p = self.params[net_of(model)]
        if model not in self.made:
            self.made[model] = self.jax.jit(self.run(model))
        f, x = self.made[model], self.jnp.array(points(model, batch))
        f(p, x).block_until_ready()
        return least(lambda: f(p, x).block_until_ready())

    def train(self, recipe):
        p = self.params[net_of(recipe)]
        if recipe not in self.made:
            solve = self.run("LogDensity" if recipe == "TrainDensity" else recipe)
            loss = (lambda p, x: -self.jnp.mean(solve(p, x))) if recipe == "TrainDensity" else (lambda p, x: self.jnp.mean(self.jnp.sum(solve(p, x) ** 2, axis=1)))
            self.made[recipe] = self.jax.jit(self.jax.grad(loss))
        f, x = self.made[recipe], self.jnp.array(points("", 512))
        call = lambda: self.jax.block_until_ready(f(p, x))
        call()
        return least(call, 0.2)


class DiffraxEach(Diffrax):
    """Diffrax by vmap: steps of its own for each sample, as ndec has them."""

    name = "diffrax, each"

    def run(self, model):
        if not model.endswith("Adaptive"):
            return None
        solve = super().run(model)
        return self.jax.vmap(solve, in_axes=(None, 0))

    def solve(self, model, batch):
        return super().solve(model, batch) if model.endswith("Adaptive") and batch > 1 else None

    def train(self, recipe):
        return super().train(recipe) if recipe.endswith("Adaptive") else None


class TorchDyn:
    """NeuralODE of TorchDyn; its rk4 is classical, its dopri5 shares steps."""

    name = "torchdyn"

    def __init__(self, w):
        import torch
        from torchdyn.core import NeuralODE
        torch.set_num_threads(1)
        self.torch, self.NeuralODE, self.nets = torch, NeuralODE, {}
        for net, s in LAYERS.items():
            layers = [m for n, m in zip(s, s[1:]) for m in (torch.nn.Linear(n, m), torch.nn.Tanh())]
            f = torch.nn.Sequential(*layers[:-1])
            f.load_state_dict({k.removeprefix(net + "."): torch.tensor(v) for k, v in w.items() if k.startswith(net)})
            self.nets[net] = f

    def ode(self, what):
        f = self.nets[net_of(what)]
        if what.endswith("Fixed"):
            return self.NeuralODE(f, solver="rk4", sensitivity="autograd"), self.torch.linspace(0, 1, 21)
        return self.NeuralODE(f, solver="dopri5", atol=1e-4, rtol=1e-4, sensitivity="autograd"), self.torch.linspace(0, 1, 2)

    def solve(self, model, batch):
        if not model.endswith(("Fixed", "Adaptive")) or model.startswith("Lorenz"):
            return None
        ode, span = self.ode(model)
        x = self.torch.tensor(points(model, batch))
        with self.torch.no_grad():
            ode(x, span)
            return least(lambda: ode(x, span))

    def train(self, recipe):
        if recipe == "TrainDensity":
            return None
        ode, span = self.ode(recipe)
        adam, x = self.torch.optim.Adam(ode.parameters(), lr=1e-9), self.torch.tensor(points("", 512))

        def step():
            adam.zero_grad()
            ode(x, span)[1][-1].square().sum(1).mean().backward()
            adam.step()
        step()
        return least(step, 0.2)


QUICKSTART = """package quick

net f(x [2]real) [2]real {
	return x |> Linear(16) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

model Moons(x [2]real) [2]real {
	return solve(Flow{x}, over: 0..1, with: rk4{steps: 20}).x
}

data Points {
	x [2]real
	y label[2]
	source: moons{n: 512, noise: 0.1, seed: 1}
}

train Fit {
	data: Points
	batch: full
	minimize cross_entropy(Moons(x), y)
	metric acc = accuracy(Moons(x), y)
	epochs: 300
	optimizer: adam{lr: RATE}
}
"""


def quickstart(command, rounds):
    """300 epochs of moons, process start to end: ndec as it stands and after an edit, JAX with its import."""
    with tempfile.TemporaryDirectory() as d:
        def ndec(rate, *flags):
            with open(os.path.join(d, "quick.nde"), "w") as f:
                f.write(QUICKSTART.replace("RATE", rate))
            t = time.perf_counter()
            out = subprocess.run([*command, "train", d, "-q", "--json", "--workers", "1", *flags, "--out", tempfile.mkdtemp(dir=d)], cwd=HERE, capture_output=True, text=True)
            if out.returncode:
                sys.exit(out.stderr)
            return time.perf_counter() - t, json.loads(out.stdout)["recipes"][0]["seconds"]
        bare = "--no-pictures"  # as JAX draws none
        ndec("0.01", bare)
        rates = [f"0.01{k}" for k in range(1, rounds + 1)]
        edits = min(ndec(r, bare)[0] for r in rates)
        again, training = min(ndec(rates[-1], bare) for _ in range(rounds))
        drawn = min(ndec(rates[-1])[0] for _ in range(rounds))
    jax = np.inf
    for _ in range(rounds):
        t = time.perf_counter()
        if subprocess.run([sys.executable, os.path.abspath(__file__), "--quickstart-of-jax"]).returncode == 0:
            jax = min(jax, time.perf_counter() - t)
    print(f"\nquickstart, start to end: ndec {again:.2f} s, of which training {training:.2f} s, and {drawn:.2f} s with its pictures; after an edit, go build included, {edits:.2f} s; JAX {jax:.2f} s")


def quickstart_of_jax():
    import jax
    import jax.numpy as jnp
    rng = np.random.default_rng(1)
    a = np.pi * rng.random(512)
    y = np.arange(512) % 2
    x = np.stack([np.where(y, 1 - np.cos(a), np.cos(a)), np.where(y, 0.5 - np.sin(a), np.sin(a))], 1) + 0.1 * rng.standard_normal((512, 2))
    x, y = jnp.array(x, jnp.float32), jnp.array(y)
    p = [jnp.array(rng.uniform(-1, 1, s) / np.sqrt(n), jnp.float32) for s, n in (((2, 16), 2), ((16,), 2), ((16, 2), 16), ((2,), 16))]
    f = lambda p, x: jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3]

    def loss(p):
        def step(x, _):
            h = 1 / 20
            k1 = f(p, x)
            k2 = f(p, x + h / 2 * k1)
            k3 = f(p, x + h / 2 * k2)
            return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(p, x + h * k3)), None
        z = jax.lax.scan(step, x, None, length=20)[0]
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(512), y])

    @jax.jit
    def adam(p, m, v, t):
        g = jax.grad(loss)(p)
        m = [0.9 * m + 0.1 * g for m, g in zip(m, g)]
        v = [0.999 * v + 0.001 * g * g for v, g in zip(v, g)]
        return [p - 0.01 * (m / (1 - 0.9 ** t)) / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8) for p, m, v in zip(p, m, v)], m, v
    m = v = [jnp.zeros_like(q) for q in p]
    for t in range(1, 301):
        p, m, v = adam(p, m, v, float(t))
    if not loss(p) < 0.1:
        sys.exit(f"JAX trains to a loss of {loss(p)}")


CASES = [("solve", m, b) for m in ("SmallFixed", "WideFixed") for b in (1, 64, 1024, 65536)] + \
        [("solve", m, b) for m in ("SmallAdaptive", "WideAdaptive") for b in (1, 1024)] + [("solve", "LorenzFixed", b) for b in (1024, 8192)] + \
        [("solve", m, 512) for m in ("WideHyper", "LogDensity", "Sample")] + \
        [("train", r, 512) for r in ("TrainTinyFixed", "TrainSmallFixed", "TrainWideFixed", "TrainTinyAdaptive", "TrainSmallAdaptive", "TrainWideAdaptive", "TrainDensity")]


def main():
    if "--quickstart-of-jax" in sys.argv:
        return quickstart_of_jax()
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--ndec", default="go run ndec.dev/ndec/cmd/ndec", help="the command")
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--cpu", default="", help="instructions that ndec uses, such as avx2, or amx for products on tiles (NDEC_CPU)")
    args.add_argument("--only", default="", help="pattern of rows, such as 'Fixed/65536'; then without the quickstart")
    args = args.parse_args()
    if args.cpu:
        os.environ["NDEC_CPU"] = args.cpu
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})  # before peers start their threads
    w = weights()
    path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    save(path, w)
    ndec = Ndec(args.ndec.split(), path)
    peers = [ndec]
    for kind in (Jax, Diffrax, DiffraxEach, TorchDyn):
        try:
            peers.append(kind(w))
        except ImportError as e:
            print(f"{kind.name} is left out: {e}")
    if len(peers) > 1 and isinstance(peers[1], Jax):
        x = points("", 16)
        wants = {"TinyFixed": peers[1].rk4(peers[1].params["tiny"], x), "SmallFixed": peers[1].rk4(peers[1].params["small"], x), "WideFixed": peers[1].rk4(peers[1].params["wide"], x),
                 "WideHyper": peers[1].hyper((peers[1].params["wide"], peers[1].params["hyper"]), x)}
        if len(peers) > 2 and isinstance(peers[2], Diffrax):
            wants["WideFixed of diffrax"] = peers[2].run("WideFixed")(peers[2].params["wide"], x)
            wants["LogDensity"], wants["Sample"] = (peers[2].density(peers[2].params["wide"], x, back) for back in (False, True))
        for model, want in wants.items():
            want = np.array(want)
            off = np.abs(ndec.values(model.split()[0], x).reshape(want.shape) - want).max()
            print(f"{model}: ndec and its peer differ by {off:.1e}")
            if not off < (1e-4 if model.startswith(("Tiny", "Small", "Wide")) else 1e-3):  # steps of their own, at 1e-5
                sys.exit("the results differ too much")
    names = [p.name for p in peers]
    print("| work | batch | " + " | ".join(names) + " | best peer / ndec |\n|" + "---|" * (len(names) + 3))
    for kind, what, batch in CASES:
        if not re.search(args.only, f"{what}/{batch}"):
            continue
        best = dict.fromkeys(names, np.inf)
        for _ in range(args.rounds):
            for p in peers:
                t = p.solve(what, batch) if kind == "solve" else p.train(what)
                if t is not None:
                    best[p.name] = min(best[p.name], t)
        others = min((t for n, t in best.items() if n != "ndec"), default=np.inf)
        cell = lambda t: "-" if t == np.inf else f"{1e3*t:.3g} ms"
        print(f"| {what} | {batch} | " + " | ".join(cell(best[n]) for n in names) + f" | {others/best['ndec']:.2f} |", flush=True)
    os.sched_setaffinity(0, cores)
    if not args.only:
        quickstart(args.ndec.split(), args.rounds)


if __name__ == "__main__":
    main()
