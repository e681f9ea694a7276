#!/bin/sh
# initrd.sh EXTRACTED_FOLDER OUT
# The initrd for Debian's stock kernel: Debian's static busybox, the modules of the virtio
# devices and of ext4, and Sosia's benchmark. EXTRACTED_FOLDER holds the unpacked packages
# linux-image-*-amd64 and busybox-static.
set -eu
[ $# -eq 2 ] || { echo "usage: initrd.sh EXTRACTED_FOLDER OUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
modules=$(ls -d "$1"/lib/modules/*)
[ -d "$modules/kernel" ] || { echo "debian/initrd.sh: no single kernel below $1/lib/modules" >&2; exit 2; }

# crc32c comes first: ext4 and jbd2 ask for it by its algorithm's name.
"$here/../common/initrd.sh" --out "$2" --compress gzip --busybox "$1/bin/busybox" \
    --modules "$modules/kernel" "crc32c_generic crc32c_intel virtio_pci virtio_mmio virtio_blk virtio_rng virtio_console virtio_net ext4" \
    --programs "$here/../linux-x86_64/images/programs"
