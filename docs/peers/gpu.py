#!/usr/bin/env python3
"""Times PyTorch and JAX on an NVIDIA GPU, for the work that issue figures of `ndec bench --device cuda:0` stand beside.

    python3 -m venv peers && peers/bin/pip install torch torchdiffeq 'jax[cuda13]' diffrax numpy
    peers/bin/python docs/peers/gpu.py --budget 110 --out peers.json
    peers/bin/python docs/peers/gpu.py --device cpu --small        # a look at whether all of it runs, without a GPU

Nets of one or two hidden layers with tanh, rk4 with 40 steps over 0..1, f32 without TF32. Peers:

    torchdiffeq   odeint, eager; its rk4 is the 3/8 rule, its dopri5 shares steps among the batch
    eager         a loop of classical rk4 steps over an nn.Sequential, as the NeuralODE of TorchDyn has it
    compiled      the same loop, each step by torch.compile (40 steps in one graph compile for minutes)
    graph         that loop, with gradient and update, recorded once as a CUDA graph and replayed
    tf32          the compiled loop with products in TF32, which ndec does not use: 10 bits in place of 23
    scan          jax.lax.scan around a classical rk4 step, under jit
    diffrax       Diffrax under jit, steps shared among the batch; it keeps every fixed step for its gradient
    each          Diffrax under jit and vmap: adaptive steps of its own for each sample, as ndec has them

A training step is the mean of squares of the end states, its gradient through the steps, and Adam at a rate of nothing.
Lorenz is 8,192 trajectories with 1,000 steps of tsit5 (eager: 100 of them, times ten). Moons is the `Fit` of the README by
rk4 with 20 steps, 300 epochs (eager: 30 of them, times ten); JAX has all epochs in one jit.

Data lie on the device before a call; a time is that of a call until the device is done, the median of several after a
warm-up. All have the same weights. A row whose end states are not those of a float64 solution on the CPU is not timed, and
losses and gradients are compared among peers. PyTorch and JAX have processes of their own (one for each net with PyTorch), which
first compile side by side and then answer one at a time, the most important rows first. After --budget seconds the
script prints what it has. Waits for compilers are listed: they are those of a busy machine, unless --compilers is 1.
"""

import argparse
import json
import os
import queue
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from gpu_work import CHECKED, JAX_PEERS, LORENZ, NEAR, NETS, PEERS, STEPS, points, references, weights


def title(work):
    """The name of a row: rk4 d4 is "rk4 × 40, d4·H64×2"."""
    method, _, net = work.partition(" ")
    if not net:
        return {"lorenz": "Lorenz, 1,000 steps of tsit5", "moons": "Moons, 300 epochs"}[work]
    sizes = NETS[net]
    return (f"rk4 × {STEPS}" if method == "rk4" else "dopri5 at 10⁻⁴") + f", {net}·H{sizes[1]}" + (f"×{len(sizes)-2}" if len(sizes) > 3 else "")


def save(path, tensors):
    """Writes a safetensors file."""
    head, body = {}, b""
    for name, x in tensors.items():
        head[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [len(body), len(body) + x.nbytes]}
        body += x.tobytes()
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def cases(small, device):
    """Rows (work, pass, batch, peer), the most important first."""
    nets = ("d2", "d4") if small else ("d4", "d16", "d2", "d8")
    first, rest = ((64,), ()) if small else ((65536, 4096), (16384, 512))
    main = [(f"rk4 {net}", what, batch) for batch in first for net in nets for what in ("forward", "train")]
    more = [(f"rk4 {net}", what, batch) for batch in rest for net in nets for what in ("forward", "train")]
    adaptive = [(f"dopri5 {net}", what, batch) for batch in first + rest for net in ("d2", "d4") for what in ("forward", "train")]
    out = [(*row, peer) for row in main for peer in ("compiled", "torchdiffeq", "scan", "diffrax")]
    out += [("lorenz", "forward", 128 if small else LORENZ, peer) for peer in ("diffrax", "scan", "compiled", "graph", "eager")]
    out += [("moons", "train", 512, peer) for peer in ("scan", "eager")]
    out += [(*row, peer) for row in adaptive if row[2] in first for peer in ("torchdiffeq", "diffrax", "each")]
    out += [(*row, "graph") for row in main]
    out += [(*row, "eager") for row in main]
    out += [(*row, peer) for row in more for peer in ("torchdiffeq", "scan", "diffrax", "compiled")]
    out += [(work, what, first[0], "tf32") for work in ("rk4 d16", "rk4 d8") for what in ("forward", "train") if not small]
    out += [(*row, peer) for row in adaptive if row[2] in rest for peer in ("torchdiffeq", "diffrax", "each")]
    out += [(*row, peer) for row in more for peer in ("graph", "eager")]
    return [c for c in out if device != "cpu" or c[3] not in ("graph", "tf32")]


class Child:
    """A process that times rows for the one that the user has started."""

    def __init__(self, name, args, folder):
        self.name, self.log, self.answers, self.alive = name, os.path.join(folder, name + ".log"), queue.Queue(), True
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--child", name, "--device", args.device, "--compilers", str(args.compilers), "--folder", folder],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)

    def ask(self, what):
        try:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended, which the answer says

    def answer(self, seconds):
        """What it says within a time, or that it is gone, which it is then."""
        try:
            said = self.answers.get(timeout=max(0.01, seconds))
        except queue.Empty:
            said = {"failed": "no answer in time"}
            self.end()
        if said is None:
            with open(self.log) as log:
                said = {"failed": f"the process has ended: {' '.join(log.read()[-300:].split())}"}
            self.end()
        return said

    def end(self):
        if self.alive:
            self.alive = False
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # with the compilers that it has started
            except ProcessLookupError:
                pass
            self.process.wait()


def child(args):
    """A child's main: it answers on the stdout that it was given; what libraries print goes to its log."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(what):
        out.write(json.dumps(what) + "\n")
        out.flush()
    if args.child == "jax":
        from gpu_jax import Jax as Library
    else:
        from gpu_torch import Torch as Library
    Library(args.folder, args.device, args.compilers).serve(sys.stdin, answer)


def owner(case, device):
    """The process of a row: JAX has one, PyTorch one for each net, which share Lorenz and the moons."""
    work, _, _, peer = case
    if peer in JAX_PEERS:
        return "jax"
    return "torch" if device == "cpu" else "torch-" + {"lorenz": "d2", "moons": "d8"}.get(work, work.split()[-1])


def compare(rows):
    """Marks rows of training whose loss or gradient is not that of the others."""
    for row in rows:
        for key in ("loss", "norm"):
            others = [r[key] for r in rows if key in r and r["peer"] != "tf32" and all(r[k] == row[k] for k in ("work", "pass", "batch"))]
            if key in row and len(others) > 1:
                middle = statistics.median_low(others)
                if not abs(row[key] / middle - 1) < NEAR[row["work"].split()[0]] * (10 if row["peer"] == "tf32" else 1):
                    row["differs"] = f"{key} {row[key]:.6g}, others {middle:.6g}"


def order(key):
    work, what, batch = key
    method, _, net = work.partition(" ")
    return method != "rk4", method, what, list(NETS).index(net) if net else 0, batch


def table(rows, value, ratios=()):
    """A Markdown table of rows by peer; ratios are of these peers to ndec, where it is among them."""
    names = [p for p in ("ndec", "kernels", *PEERS) if any(r["peer"] == p and value(r) for r in rows)]
    ratios = ratios if "ndec" in names else ()
    out = ["| work | batch | " + " | ".join([*names, *(f"{p} / ndec" for p in ratios)]) + " |", "|" + "---|" * (len(names) + len(ratios) + 2)]
    for key in sorted({(r["work"], r["pass"], r["batch"]) for r in rows if value(r)}, key=order):
        here = {r["peer"]: r for r in rows if (r["work"], r["pass"], r["batch"]) == key}
        seconds = {p: r["seconds"] for p, r in here.items() if p not in ("tf32", "kernels")}
        seconds["best"] = min((s for p, s in seconds.items() if p != "ndec"), default=None)
        cells = [value(here[p]) if p in here else "" for p in names]
        cells += [f"{seconds[p] / seconds['ndec']:.3g}" if seconds.get(p) and "ndec" in seconds else "" for p in ratios]
        out.append(f"| {title(key[0])}{', training step' if key[1] == 'train' and ' ' in key[0] else ''} | {key[2]:,} | " + " | ".join(cells) + " |")
    return "\n".join(out)


def report(about, rows, failed):
    compare(rows)
    print("Peers: " + ", ".join(f"{k} {v}" for k, v in about.items()))
    print("\nMilliseconds, medians:\n\n" + table(rows, lambda r: f"{1e3*r['seconds']:.3g}" + (" (!)" if "differs" in r else ""), ("torchdiffeq", "compiled", "diffrax", "best")))
    print("\nWaits for compilers, s:\n\n" + table(rows, lambda r: f"{r['compile']:.1f}" if r.get("compile") else ""))
    off = [r["off"] for r in rows if "off" in r and r["work"].startswith("rk4") and r["peer"] != "tf32"]
    if off:
        print(f"\nEnd states of rk4 differ from those of float64 by at most {max(off):.1e}.")
    for r in rows:
        if "differs" in r:
            print(f"(!) {title(r['work'])}, {r['pass']}, {r['batch']:,}, {r['peer']}: {r['differs']}")
    for case, why in failed:
        print(f"not timed: {', '.join(map(str, case))}: {why}")


def of_ndec(path):
    """Rows from the table of .ci/gpu/main.go: times of kernels, and of a call with its copies and host."""
    rows = []
    with open(path) as f:
        cells = [[c.strip() for c in line.strip().strip("|").split("|")] for line in f if line.startswith("|")]
    for name, batch, kernels, _, call, *_ in (c for c in cells if len(c) >= 5):
        net = re.fullmatch(r"(d\d+)h\d+(a?)\.(Net|Fit\d+ step)", name)
        if net:
            row = ("dopri5 " if net[2] else "rk4 ") + net[1], "forward" if net[3] == "Net" else "train", int(batch)
        elif name == "lorenz.Ensemble":
            row = "lorenz", "forward", int(batch)
        elif name == "quick.Fit whole":
            row = "moons", "train", 512
        else:
            continue
        for peer, ms in (("ndec", call), ("kernels", kernels)):
            if ms:
                rows.append({**dict(zip(("work", "pass", "batch"), row)), "peer": peer, "seconds": float(ms) / 1e3})
    return rows


def show(args):
    with open(args.show) as f:
        kept = json.load(f)
    report(kept["about"], kept["rows"] + (of_ndec(args.ndec) if args.ndec else []), kept["failed"])


def write(folder):
    """Weights, inputs and end states of the nets, for ndec (by net, and all together) and for the processes that time."""
    os.makedirs(folder, exist_ok=True)
    w = weights()
    wants = references(w)
    np.savez(os.path.join(folder, "weights.npz"), **w)
    np.savez(os.path.join(folder, "wants.npz"), **wants)
    save(os.path.join(folder, "weights.safetensors"), w)
    for net, sizes in NETS.items():
        save(os.path.join(folder, f"{net}h{sizes[1]}.safetensors"), {"f" + name.removeprefix(net): x for name, x in w.items() if name.startswith(net + ".")})
        for name, x in (("in", points("rk4 " + net, CHECKED)), ("out", wants["rk4 " + net])):
            with open(os.path.join(folder, f"{name}_{net}.json"), "w") as f:
                json.dump({"x": x.tolist()}, f)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--device", default="cuda:0", help="or cpu, without rows of CUDA graphs")
    args.add_argument("--small", action="store_true", help="small batches of the two small nets")
    args.add_argument("--budget", type=float, default=110, help="seconds after which no row begins")
    args.add_argument("--compilers", type=int, default=4, help="compilations side by side in each process")
    args.add_argument("--only", default="", help="pattern of rows, such as 'rk4 d4/train/65536/scan'")
    args.add_argument("--out", default="", help="JSON file for the results")
    args.add_argument("--folder", default="", help="where weights (weights.safetensors, and those of each net), inputs (in_NET.json) and end states (out_NET.json) go")
    args.add_argument("--show", default="", help="print the tables of a JSON file that --out has written, and time nothing")
    args.add_argument("--ndec", default="", help="with --show: times.log that .ci/gpu has written, for columns of ndec and ratios")
    args.add_argument("--write", default="", help="write what --folder gets into this folder, and time nothing")
    args.add_argument("--child", default="", help=argparse.SUPPRESS)
    args = args.parse_args()
    if args.child:
        return child(args)
    if args.show:
        return show(args)
    if args.write:
        return write(args.write)
    begun, folder = time.time(), args.folder or tempfile.mkdtemp()
    write(folder)
    rows = [c for c in cases(args.small, args.device) if re.search(args.only, "/".join(map(str, c)))]
    children = {name: Child(name, args, folder) for name in dict.fromkeys(owner(c, args.device) for c in rows)}
    about, done, failed = {}, [], []
    until = begun + 0.4 * args.budget

    def left(most):
        return min(most, begun + args.budget + 5 - time.time())

    def stop(*_):
        for c in children.values():
            c.end()
    signal.signal(signal.SIGTERM, lambda *_: (stop(), sys.exit(1)))
    try:
        for name, c in children.items():
            c.ask({"prepare": [r for r in rows if owner(r, args.device) == name], "until": until})
        for what in range(2):  # first they say what they are, then that they have compiled
            for name, c in children.items():
                said = c.answer(left(until + 25 - time.time())) if c.alive else {}
                if "failed" in said:
                    failed.append(((name,), said["failed"]))
                elif not what:
                    about.update(said)
        about["compiled for"] = f"{time.time() - begun:.0f} s"
        for case in rows:
            c = children[owner(case, args.device)]
            if time.time() > begun + args.budget or not c.alive:
                continue
            c.ask({"row": case})
            said = c.answer(left(30))
            if "failed" in said:
                failed.append((case, said["failed"]))
            else:
                done.append({**dict(zip(("work", "pass", "batch", "peer"), case)), **said})
            if args.out:
                with open(args.out, "w") as f:
                    json.dump({"about": about, "rows": done, "failed": failed}, f, indent=1, ensure_ascii=False)
    finally:
        stop()
    about["rows"], about["ended after"] = f"{len(done)} of {len(rows)}", f"{time.time() - begun:.0f} s"
    report(about, done, failed)


if __name__ == "__main__":
    main()
