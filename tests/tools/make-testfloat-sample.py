#!/usr/bin/env python3
"""Draws a small sample of TestFloat's cases for checkouts where testfloat_gen has not been built.

Usage: make-testfloat-sample.py TESTFLOAT_GEN > tests/Sosia.SoftFloat.Tests/Vectors/testfloat-sample.txt
A line "function rounding precision" is followed by cases as testfloat_gen writes them. Half of each sample has distinct flags, half is random.
"""
import itertools
import random
import subprocess
import sys

OPERATIONS = ["add", "sub", "mul", "div", "rem", "sqrt", "roundToInt", "mulAdd", "eq", "le", "lt", "eq_signaling", "le_quiet", "lt_quiet",
              "to_i32", "to_i64", "to_ui32", "to_ui64", "to_f32", "to_f64", "to_extF80"]
ROUNDINGS = ["near_even", "minMag", "min", "max", "near_maxMag"]


def functions():
    for kind in ("f32", "f64", "extF80"):
        for operation in OPERATIONS:
            if operation != "to_" + kind and not (kind == "extF80" and operation in ("mulAdd", "to_ui32", "to_ui64")):
                yield kind + "_" + operation
        for integer in ("i32", "i64", "ui32", "ui64"):
            if kind != "extF80" or integer[0] == "i":
                yield integer + "_to_" + kind


def sample(program, function, rounding, precision, rng):
    arguments = [program, "-level", "1", "-r" + rounding, "-precision" + precision, "-tininessafter"]
    if "_to_i" in function or "_to_u" in function or function.endswith("roundToInt"):
        arguments.append("-exact")
    process = subprocess.Popen(arguments + [function], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [line.rstrip() for line in itertools.islice(process.stdout, 60000)]
    process.kill()
    process.wait()
    rng.shuffle(lines)
    by_flags = {}
    for line in lines:
        by_flags.setdefault(line[-2:], line)
    return list(by_flags.values()) + lines[:4]


def main():
    rng = random.Random(754)
    for function in functions():
        precise = function in ("extF80_" + operation for operation in ("add", "sub", "mul", "div", "sqrt"))
        for rounding in ROUNDINGS:
            for precision in ("80", "64", "32") if precise else ("80",):
                print(function, rounding, precision)
                print("\n".join(sample(sys.argv[1], function, rounding, precision, rng)))


main()
