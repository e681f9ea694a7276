#!/bin/sh
# Builds the embedded x86-64 guest from Debian 12 packages into images/: kernel (bzImage, and the
# same kernel as a PVH ELF file, vmlinux.gz), programs, initrd, SHA256SUMS.
#
#   build.sh            everything
#   build.sh programs   only the programs and the initrd
#   build.sh initrd     only the initrd, from programs that are already built
#
# Everything is downloaded and built in a cache folder: $SOSIA_CACHE, else $XDG_CACHE_HOME/sosia,
# else ~/.cache/sosia. Needs a Debian 12 with deb and deb-src lines, and the packages
#   gcc make flex bison bc libelf-dev libssl-dev lz4 musl-tools dpkg-dev xz-utils
# The same package versions give the same bytes: time, user, host and paths are fixed.
# SOURCES.md names the versions that the kept images were built from.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${SOSIA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sosia}/linux-x86_64
images=$here/images
what=${1:-all}
jobs=${JOBS:-$(nproc)}
mkdir -p "$cache/packages" "$images"

for tool in gcc make flex bison bc lz4 musl-gcc dpkg-deb apt-get xz; do
    command -v "$tool" > /dev/null || { echo "build.sh: '$tool' is missing; install the packages named at the top of this file" >&2; exit 4; }
done

# Unpacks the binary package $1 below $cache/$1 unless that is done already.
unpack() {
    [ ! -d "$cache/$1" ] || return 0
    (cd "$cache/packages" && apt-get download "$1")
    dpkg-deb -x "$(ls "$cache/packages/$1"_*.deb | tail -n 1)" "$cache/$1.part"
    mv "$cache/$1.part" "$cache/$1"
}

build_kernel() {
    unpack linux-source-6.1
    tree=$cache/linux-source-6.1/usr/src/linux-source-6.1
    [ -d "$tree" ] || tar -xf "$tree.tar.xz" -C "$(dirname "$tree")"
    cd "$tree"
    export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=sosia KBUILD_BUILD_HOST=sosia \
        KBUILD_BUILD_VERSION=1 SOURCE_DATE_EPOCH=0 LC_ALL=C TZ=UTC
    make -s tinyconfig
    cat "$here/kernel.config" >> .config
    make -s olddefconfig
    # A line that Kconfig did not accept would be silently without effect.
    grep -E '^(CONFIG_|# CONFIG_)' "$here/kernel.config" | while read -r line; do
        case $line in
            '# '*) name=${line#\# }; name=${name%% *}; ! grep -q "^$name=" .config ;;
            *) grep -qxF -- "$line" .config ;;
        esac || { echo "build.sh: kernel.config: not accepted: $line" >&2; exit 1; }
    done
    make -j"$jobs" bzImage vmlinux
    cp arch/x86/boot/bzImage "$images/bzImage"
    # The PVH entry point: no setup code and no unpacking in the guest; the host inflates it.
    strip -s -o "$cache/vmlinux" vmlinux
    gzip -9n < "$cache/vmlinux" > "$images/vmlinux.gz"
    cp System.map "$cache/System.map"
}

build_programs() {
    unpack busybox-static
    "$root/bench/guest/build.sh" "$cache/bench"
    # mke2fs makes a journal, which busybox's does not.
    if [ ! -f "$cache/mke2fs" ]; then
        mkdir -p "$cache/e2fsprogs"
        cd "$cache/e2fsprogs"
        apt-get source --download-only e2fsprogs
        dpkg-source -x ./e2fsprogs_*.dsc tree
        cd tree
        CC='musl-gcc -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu' \
            CFLAGS='-Os -ffunction-sections -fdata-sections' LDFLAGS='-static -Wl,--gc-sections -Wl,--build-id=none -s' \
            ./configure --disable-nls --disable-debugfs --disable-imager --disable-resizer --disable-defrag \
            --disable-fuse2fs --disable-tdb --disable-uuidd --disable-bmap-stats --disable-e2initrd-helper --without-pthread
        make -j"$jobs" libs
        make -C misc mke2fs
        cp misc/mke2fs "$cache/mke2fs"
    fi
}

build_initrd() {
    mkdir -p "$images/programs"
    cp "$cache/bench" "$cache/mke2fs" "$images/programs/"
    "$here/initrd.sh" "$cache/busybox-static" "$images/initrd"
}

case $what in
    all) build_kernel; build_programs; build_initrd ;;
    programs) build_programs; build_initrd ;;
    initrd) build_initrd ;;
    *) echo "build.sh: '$what' is none of: programs, initrd, or nothing" >&2; exit 2 ;;
esac
cd "$images"
find . -type f ! -name SHA256SUMS ! -name SOURCES.md | LC_ALL=C sort | sed 's|^\./||' | xargs sha256sum > SHA256SUMS
cat SHA256SUMS
