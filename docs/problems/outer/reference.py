#!/usr/bin/env python3
"""Reference of the outer solar system: python3 reference.py [STEP ORDER] > reference.txt

Sun, Jupiter, Saturn, Uranus, Neptune and Pluto by Newton's law over 200,000 days, from the data of Hairer, Lubich, Wanner,
Geometric Numerical Integration (2006), I.2.4: astronomical units, days, masses of the Sun. Taylor series of the given order in steps
of the given number of days, in integers with 2^-220 as unit; nothing but Python (3.9 or later) is needed.
The settings (125, 40) and (200, 48) agree to 25 digits
after the point, as far as the second one goes: Jupiter and Saturn meet 700 days away in complex time. A minute of processor time.
"""
import sys
from fractions import Fraction
from math import isqrt

BITS = 220
ONE = 1 << BITS
G = Fraction("2.95912208286e-4")
MASSES = [Fraction(m) for m in ("1.00000597682", "0.000954786104043", "0.000285583733151", "0.0000437273164546", "0.0000517759138449")] + [Fraction(1, 130000000)]
POSITIONS = ["0 0 0", "-3.5023653 -3.8169847 -1.5507963", "9.0755314 -3.0458353 -1.6483708", "8.3101420 -16.2901086 -7.2521278",
             "11.4707666 -25.7294829 -10.8169456", "-15.5387357 -25.2225594 -3.1902382"]
VELOCITIES = ["0 0 0", "0.00565429 -0.00412490 -0.00190589", "0.00168318 0.00483525 0.00192462", "0.00354178 0.00137102 0.00055029",
              "0.00288930 0.00114527 0.00039677", "0.00276725 -0.00170702 -0.00136504"]


def fixed(x):
    x = Fraction(x)
    return (x.numerator << BITS) // x.denominator


def series(q, v, h, order):
    """Coefficients of q(t + s h) in s; v is the velocity in units of h."""
    n = len(q)
    c = [[[x, y] for x, y in zip(*b)] for b in zip(q, v)]  # body, axis, power
    pairs = [(i, j) for i in range(n) for j in range(i)]
    d = {p: ([], [], []) for p in pairs}
    r2 = {p: [] for p in pairs}
    u = {p: [] for p in pairs}  # r^-3
    gm = [fixed(G * m * h * h) for m in MASSES]
    for k in range(order - 1):
        a = [[0, 0, 0] for _ in range(n)]
        for p in pairs:
            i, j = p
            for x in range(3):
                d[p][x].append(c[i][x][k] - c[j][x][k])
            r2[p].append(sum(sum(map(int.__mul__, dx, reversed(dx))) for dx in d[p]) >> BITS)
            if k == 0:
                root = isqrt(r2[p][0] << BITS)
                u[p].append((ONE * ONE // root) * ONE // r2[p][0])
            else:
                total = sum((-3 * m - 2 * (k - m)) * r2[p][m] * u[p][k - m] for m in range(1, k + 1))
                u[p].append(total // (2 * k * r2[p][0]))
            for x in range(3):
                pull = sum(map(int.__mul__, d[p][x], reversed(u[p]))) >> BITS
                a[i][x] -= gm[j] * pull >> BITS
                a[j][x] += gm[i] * pull >> BITS
        for b in range(n):
            for x in range(3):
                c[b][x].append(a[b][x] // ((k + 1) * (k + 2)))
    return c


def main():
    step, order = (int(x) for x in sys.argv[1:3]) if len(sys.argv) > 2 else (125, 40)
    q = [[fixed(x) for x in p.split()] for p in POSITIONS]
    v = [[fixed(Fraction(x) * step) for x in p.split()] for p in VELOCITIES]
    for _ in range(200000 // step):
        c = series(q, v, step, order)
        q = [[sum(x) for x in b] for b in c]
        v = [[sum(k * y for k, y in enumerate(x)) for x in b] for b in c]
    for name, rows, unit in ("positions", q, 1), ("velocities", v, step):
        print(name)
        for row in rows:
            print(" ".join(show(Fraction(x, ONE * unit)) for x in row))


def show(x):
    digits = 32
    y = round(abs(x) * 10 ** digits)
    return f"{'-' if x < 0 else ''}{y // 10 ** digits}.{y % 10 ** digits:0{digits}d}"


main()
