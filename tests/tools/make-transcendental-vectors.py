#!/usr/bin/env python3
"""Writes the test vectors of the x87 transcendental functions: operands, and the true value to 96 bits.

Needs Python's mpmath. Usage: make-transcendental-vectors.py > tests/Sosia.SoftFloat.Tests/Vectors/transcendental.txt
Line: function, ST(0), ST(1) or -, significand of the true value truncated to 64 bits as sign-exponent:significand, and the 32 bits that follow.
The exponent is written with an unbounded range (decimal, unbiased).
"""
import random

from mpmath import atan2, cos, expm1, floor, frexp, ldexp, log, log1p, mp, mpf, sin, tan

BIAS = 16383


def decode(signexp, sig):
    value = ldexp(mpf(sig), (signexp & 0x7FFF) - BIAS - 63)
    return -value if signexp & 0x8000 else value


def hexa(number):
    return "%04X:%016X" % number


def emit(name, x, y, function):
    # Enough bits that 96 remain after any cancellation, and that a tiny argument's cubic term is not lost.
    mp.prec = 700 + 4 * max(0, BIAS - (x[0] & 0x7FFF))
    value = function(decode(*x)) if y is None else function(decode(*x), decode(*y))
    if value == 0:
        return
    mantissa, exponent = frexp(abs(value))
    digits = int(floor(ldexp(mantissa, 96)))
    print(name, hexa(x), hexa(y) if y else "-", "-" if value < 0 else "+", exponent - 1, "%016X" % (digits >> 32), "%08X" % (digits & 0xFFFFFFFF))


def number(low, high, rng, positive=False):
    significand = rng.getrandbits(63) | 1 << 63
    if rng.random() < 0.2:
        significand = (1 << 63) | (rng.getrandbits(8) << rng.randrange(56))
    sign = 0 if positive else rng.getrandbits(1) << 15
    return (sign | (BIAS + rng.randint(low, high)), significand)


def near(value, rng):
    """The 80-bit number nearest to a real one, moved by a few units in the last place."""
    mantissa, exponent = frexp(abs(value))
    significand = int(floor(ldexp(mantissa, 64))) + rng.randint(-2, 3)
    return ((0x8000 if value < 0 else 0) | (BIAS + exponent - 1), min(max(significand, 1 << 63), (1 << 64) - 1))


def main():
    rng = random.Random(1987)
    mp.prec = 700
    print("# Written by tests/tools/make-transcendental-vectors.py")
    for name, function in (("FSIN", sin), ("FCOS", cos), ("FPTAN", tan)):
        for low, high, count in ((-16380, -60, 10), (-60, -3, 40), (-2, 3, 80), (4, 62, 60)):
            for _ in range(count):
                emit(name, number(low, high, rng), None, function)
        for _ in range(40):
            mp.prec = 700
            multiple = rng.randint(1, 1 << rng.randint(1, 62))
            emit(name, near(multiple * mp.pi / 2, rng), None, function)
    for low, high, count in ((-16370, -64, 10), (-64, -8, 60), (-7, -1, 160)):
        for _ in range(count):
            emit("F2XM1", number(low, high, rng), None, lambda v: expm1(v * log(2)))
    for i in range(-64, 65):
        if abs(i) < 64 and i:
            emit("F2XM1", near(mpf(i) / 64, rng), None, lambda v: expm1(v * log(2)))
    def ylog2(x, y):
        return y * log(x) / log(2)
    def ylog2p1(x, y):
        return y * log1p(x) / log(2)
    for low, high, count in ((-16380, 16380, 40), (-40, 40, 60), (-1, 0, 80)):
        for _ in range(count):
            emit("FYL2X", number(low, high, rng, positive=True), number(-30, 30, rng), ylog2)
    for _ in range(60):
        emit("FYL2X", near(mpf(1) + ldexp(mpf(rng.random()) - 0.5, -rng.randrange(60)), rng), number(-3, 3, rng), ylog2)
    for low, high, count in ((-16300, -64, 10), (-64, -8, 60), (-7, -2, 160)):
        for _ in range(count):
            x = number(low, high, rng)
            if -0.2928932188 <= decode(*x) <= 0.4142135623:
                emit("FYL2XP1", x, number(-30, 30, rng), ylog2p1)
    def angle(x, y):
        return atan2(y, x)
    for low, high, count in ((-8000, 8000, 40), (-40, 40, 80), (-3, 3, 160)):
        for _ in range(count):
            emit("FPATAN", number(low, high, rng), number(low, high, rng), angle)


main()
