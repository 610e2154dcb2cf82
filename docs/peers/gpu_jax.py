"""The rows of gpu.py by JAX: scans under jit, and Diffrax."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gpu_work import CHECKED, EPOCHS, STEPS, Peer, layers, lorenz, mlp, moons, points, rk4, tsit5


class Jax(Peer):
    def __init__(self, *args):
        super().__init__(*args)
        os.environ.update(JAX_PLATFORMS="cpu" if self.device == "cpu" else "cuda", XLA_PYTHON_CLIENT_PREALLOCATE="false")
        import diffrax
        import jax
        import jax.numpy as jnp
        jax.config.update("jax_default_matmul_precision", "highest")  # otherwise XLA takes TF32
        self.jax, self.jnp, self.dfx, self.made = jax, jnp, diffrax, {}

        class RK4(diffrax.AbstractERK):  # diffrax has no classical rk4
            tableau = diffrax.ButcherTableau(a_lower=(np.array([1 / 2]), np.array([0, 1 / 2]), np.array([0, 0, 1.])), c=np.array([1 / 2, 1 / 2, 1]),
                                             b_sol=np.array([1, 2, 2, 1]) / 6, b_error=np.zeros(4))
            interpolation_cls = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

            def order(self, terms):
                return 4
        self.rk4 = RK4()

    def about(self):
        return {"jax": self.jax.__version__, "diffrax": self.dfx.__version__, "device": self.jax.devices()[0].device_kind}

    def wait(self, out):
        return self.jax.block_until_ready(out)

    def tidy(self):
        pass

    def solver(self, work, peer):
        """The function from parameters and inputs to end states."""
        d, jnp, lax = self.dfx, self.jnp, self.jax.lax
        field = lorenz(lambda v: jnp.stack(v, -1)) if work == "lorenz" else None
        net = lambda p, x: field(x) if field else mlp(jnp.tanh, p, x)
        step, steps, method = (tsit5, 1000, d.Tsit5()) if field else (rk4, STEPS, self.rk4)
        if peer == "scan":
            return lambda p, x: lax.scan(lambda x, _: (step(lambda x: net(p, x), x, 1 / steps), None), x, None, length=steps)[0]
        if work.startswith("dopri5"):
            control = dict(solver=d.Dopri5(), dt0=None, stepsize_controller=d.PIDController(rtol=1e-4, atol=1e-4), max_steps=4096)
        else:
            control = dict(solver=method, dt0=1 / steps, stepsize_controller=d.ConstantStepSize(), max_steps=steps + 1, adjoint=d.RecursiveCheckpointAdjoint(checkpoints=steps))
        solve = lambda p, x: d.diffeqsolve(d.ODETerm(lambda t, x, p: net(p, x)), t0=0.0, t1=1.0, y0=x, args=p, **control).ys[0]
        return self.jax.vmap(solve, in_axes=(None, 0)) if peer == "each" else solve

    def function(self, case):
        """The function of a row, which is to be compiled, and its arguments."""
        jax, jnp, (work, what, batch, peer) = self.jax, self.jnp, case
        if work == "moons":
            return self.moons()
        solve, x = self.solver(work, peer), jnp.array(points(work, batch))
        p = None if work == "lorenz" else [(jnp.array(w), jnp.array(b)) for w, b in layers(self.weights, work.split()[1])]
        if what == "forward":
            return solve, (p, x)

        def step(p, m, v, x):  # Adam at a rate of nothing
            loss, g = jax.value_and_grad(lambda p: jnp.mean(solve(p, x) ** 2))(p)
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            return loss, jax.tree.map(lambda p, m, v: p - 1e-9 * m / (jnp.sqrt(v) + 1e-8), p, m, v), m, v
        zero = jax.tree.map(jnp.zeros_like, p)
        return step, (p, zero, zero, x)

    def moons(self):
        jax, jnp = self.jax, self.jnp
        x, y, start = moons()
        solve = lambda p, x: jax.lax.scan(lambda x, _: (rk4(lambda x: mlp(jnp.tanh, [p[:2], p[2:]], x), x, 1 / 20), None), x, None, length=20)[0]
        loss = lambda p, x, y: -jnp.mean(jax.nn.log_softmax(solve(p, x))[jnp.arange(len(y)), y])

        def fit(p, x, y):
            def adam(state, t):
                p, m, v = state
                value, g = jax.value_and_grad(loss)(p, x, y)
                m = [0.9 * m + 0.1 * g for m, g in zip(m, g)]
                v = [0.999 * v + 0.001 * g * g for v, g in zip(v, g)]
                return ([p - 0.01 * (m / (1 - 0.9 ** t)) / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8) for p, m, v in zip(p, m, v)], m, v), value
            zero = [jnp.zeros_like(q) for q in p]
            (p, _, _), values = jax.lax.scan(adam, (p, zero, zero), jnp.arange(1.0, EPOCHS + 1))
            return values, loss(p, x, y)
        return fit, ([jnp.array(s) for s in start], jnp.array(x), jnp.array(y))

    def lower(self, case):
        t = time.perf_counter()
        f, args = self.function(case)
        return self.jax.jit(f).lower(*args), args, time.perf_counter() - t

    def compile(self, case, lowered, args, traced):
        t = time.perf_counter()
        self.made[case] = lowered.compile(), args
        self.waits[case] = traced + time.perf_counter() - t

    def prepare(self, rows, until):
        """Traces rows one after the other, which Python does with one thread, and compiles them beside one another."""
        pool, waiting = ThreadPoolExecutor(self.compilers), []
        for case in rows:
            if time.time() < until:
                try:
                    waiting.append(pool.submit(self.compile, case, *self.lower(case)))
                except Exception as e:  # which its row will say
                    print(case, e, file=sys.stderr)
        for w in waiting:
            while not w.done() and not (time.time() > until and w.cancel()):
                time.sleep(0.02)

    def make(self, case):
        work, what, _, _ = case
        if case not in self.made:
            self.compile(case, *self.lower(case))
        f, args = self.made.pop(case)
        if work == "moons":
            look = lambda out: {"loss": float(out[0][EPOCHS // 10]), "end": float(out[1])}
        elif what == "forward":
            look = lambda out: {"off": self.off(work, out[:CHECKED])}
        else:
            look = lambda out: {"loss": float(out[0]), "norm": 10 * sum(float((np.asarray(m, np.float64) ** 2).sum()) for m in self.jax.tree.leaves(out[2])) ** 0.5}
        return (lambda: f(*args)), look, 1
