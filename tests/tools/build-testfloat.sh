#!/usr/bin/env bash
# Builds Berkeley TestFloat 3's testfloat_gen from Debian's qemu source package (which carries it in tests/fp) into the cache folder
# where the Sosia.SoftFloat tests look for it. Needs: apt-get with a deb-src line for the package (made from the machine's deb lines when missing), dpkg-source, make, gcc.
set -euo pipefail

target="${XDG_CACHE_HOME:-$HOME/.cache}/sosia/testfloat"
mkdir -p "$target"
if [ -x "$target/testfloat_gen" ]; then
    echo "$target/testfloat_gen is already there"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if ! apt-get source --download-only qemu >/dev/null 2>&1; then
    # The machine's own package sources, asked for source packages too.
    lists=/etc/apt/sources.list.d
    { [ -f "$lists/debian.sources" ] && sed 's/^Types:.*/Types: deb-src/' "$lists/debian.sources" > "$lists/sosia-testfloat.sources"; } ||
        sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > "$lists/sosia-testfloat.list" ||
        { echo "build-testfloat: no deb-src line is configured, and adding one needs root" >&2; exit 1; }
    apt-get update
    apt-get source --download-only qemu
fi

mkdir qemu
tar -xf qemu_*.orig.tar.* -C qemu --strip-components=1 --wildcards '*/tests/fp/berkeley-*'
fp="$work/qemu/tests/fp"
[ -d "$fp/berkeley-testfloat-3/source" ] ||
    { echo "build-testfloat: this qemu source package does not carry tests/fp/berkeley-testfloat-3" >&2; exit 1; }

platform=Linux-x86_64-GCC
make -C "$fp/berkeley-softfloat-3/build/$platform" SPECIALIZE_TYPE=8086 > "$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
make -C "$fp/berkeley-testfloat-3/build/$platform" SOFTFLOAT_DIR="$fp/berkeley-softfloat-3" PLATFORM=$platform testfloat_gen \
    >> "$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
cp "$fp/berkeley-testfloat-3/build/$platform/testfloat_gen" "$target/"
echo "built $target/testfloat_gen"
