#!/bin/sh
# build.sh OUT: the guest benchmark as a small static program. CC chooses the compiler
# (musl-gcc unless told; a cross compiler for other guests).
set -eu
[ $# -eq 1 ] || { echo "usage: build.sh OUT" >&2; exit 2; }
cd "$(dirname "$0")"
# Plain SSE2 code on x86-64 (no -march), strict floating point, and no loop turned into memcpy.
${CC:-musl-gcc} -std=c11 -O2 -Wall -Wextra -Werror -static -s -ffp-contract=off \
    -fno-tree-loop-distribute-patterns -fno-ident -Wl,--build-id=none -o "$1" bench.c
