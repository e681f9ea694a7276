#!/bin/sh
# initrd.sh EXTRACTED_FOLDER OUT
# The embedded guest's initrd: Debian's static busybox (EXTRACTED_FOLDER holds the unpacked
# package busybox-static) and the programs kept in images/programs.
# LZ4: small, and unpacked with few guest instructions.
set -eu
[ $# -eq 2 ] || { echo "usage: initrd.sh EXTRACTED_FOLDER OUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
"$here/../common/initrd.sh" --out "$2" --compress lz4 --busybox "$1/bin/busybox" \
    --programs "$here/images/programs"
