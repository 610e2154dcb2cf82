"""Writes reference.json: a net 2-3-2 with tanh and weights sin k along its flow, by variational equations.

y' = W2 tanh(W1 y + b1) + b2 with w_k = sin k, k = 1..17 in the order W1 (row by row), b1, W2, b2, from (1, 0.5); for
T = 1 and 5: y(T), the integral of tr J, its derivative by y(0), and those of y1 + y2 by y(0) and by w. The method is
extrapolation of the modified midpoint rule (Gragg, Bulirsch, Stoer) with 40 digits, order 24 and steps of 1/8; the
digits that steps of 1/10 give too are written.

    python3 reference.py > reference.json
"""

import json
import platform
import sys

import mpmath
from mpmath import mp, mpf

mp.dps = 40
W = [mp.sin(k) for k in range(1, 18)]
W1 = [[W[2 * i + j] for j in range(2)] for i in range(3)]
B1 = W[6:9]
W2 = [[W[9 + 3 * i + j] for j in range(3)] for i in range(2)]
B2 = W[15:17]
COLUMNS = 19  # derivatives by y(0), then by w


def field(z):
    """z holds y (2), l, S = dy/d(y0, w) (2 x 19) and m = dl/dy0 (2)."""
    y, s = z[0:2], [z[3 : 3 + COLUMNS], z[3 + COLUMNS : 3 + 2 * COLUMNS]]
    a = [mp.tanh(W1[i][0] * y[0] + W1[i][1] * y[1] + B1[i]) for i in range(3)]
    d = [1 - x * x for x in a]  # tanh'
    e = [-2 * a[i] * d[i] for i in range(3)]  # tanh''
    out = [sum(W2[i][h] * a[h] for h in range(3)) + B2[i] for i in range(2)]
    jac = [[sum(W2[i][h] * d[h] * W1[h][j] for h in range(3)) for j in range(2)] for i in range(2)]
    trace = jac[0][0] + jac[1][1]
    rows = []
    for i in range(2):
        row = [jac[i][0] * s[0][k] + jac[i][1] * s[1][k] for k in range(COLUMNS)]
        for h in range(3):
            g = W2[i][h] * d[h]
            row[2 + 2 * h] += g * y[0]
            row[2 + 2 * h + 1] += g * y[1]
            row[2 + 6 + h] += g
            row[2 + 9 + 3 * i + h] += a[h]
        row[2 + 15 + i] += 1
        rows += row
    slope = [sum(sum(W2[i][h] * W1[h][i] for i in range(2)) * e[h] * W1[h][j] for h in range(3)) for j in range(2)]
    m = [slope[0] * s[0][k] + slope[1] * s[1][k] for k in range(2)]
    return out + [trace] + rows + m


def midpoint(z, big, n):
    h = big / n
    f = field(z)
    before, now = z, [x + h * k for x, k in zip(z, f)]
    for _ in range(1, n):
        f = field(now)
        before, now = now, [x + 2 * h * k for x, k in zip(before, f)]
    f = field(now)
    return [(x + y + h * k) / 2 for x, y, k in zip(now, before, f)]


def step(z, big, order=12):
    table = []
    for k in range(order):
        row = [midpoint(z, big, 2 * (k + 1))]
        for j in range(k):
            r = mpf((k + 1) ** 2) / (k - j) ** 2
            row.append([x + (x - y) / (r - 1) for x, y in zip(row[j], table[k - 1][j])])
        table.append(row)
    return table[-1][-1]


def solve(per_unit):
    z = [mpf(1), mpf(1) / 2, mpf(0)] + [mpf(0)] * (2 * COLUMNS) + [mpf(0)] * 2
    z[3], z[3 + COLUMNS + 1] = mpf(1), mpf(1)
    out = {}
    for t in range(1, 6):
        for _ in range(per_unit):
            z = step(z, mpf(1) / per_unit)
        out[t] = z
    return out


def main():
    fine, other = solve(10), solve(8)

    def text(x, y):
        if abs(x - y) > mpf(10) ** -20 * (1 + abs(x)):
            sys.exit(f"{x} and {y} differ")
        return float(mp.nstr(x, 20))

    out = {"made_by": f"Python {platform.python_version()}, mpmath {mpmath.__version__}, {mp.dps} digits"}
    for t in (1, 5):
        z = [text(x, y) for x, y in zip(fine[t], other[t])]
        both = [text(x + y, u + v) for x, y, u, v in zip(fine[t][3 : 3 + COLUMNS], fine[t][3 + COLUMNS : 3 + 2 * COLUMNS],
                                                        other[t][3 : 3 + COLUMNS], other[t][3 + COLUMNS : 3 + 2 * COLUMNS])]
        out[str(t)] = {"y": z[0:2], "trace": z[2], "trace_by_start": z[-2:], "sum_by_start": both[:2], "sum_by_weights": both[2:]}
    json.dump(out, sys.stdout, indent=1)
    print()


main()
