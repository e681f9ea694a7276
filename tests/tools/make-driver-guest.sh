#!/usr/bin/env bash
# make-driver-guest.sh OUT
# Makes an initrd for Debian's stock kernel with Linux's drivers for sound and USB, and puts the kernel that they belong to beside it as OUT.vmlinuz. The kernel, the
# modules and busybox are Debian's, unmodified. Needs apt-get and dpkg-deb. OUT appears when both are complete.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: make-driver-guest.sh OUT" >&2; exit 2; }
out=$(realpath "$1")
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

modules="snd_intel8x0 snd_pcm_oss snd_mixer_oss pcspkr evdev psmouse uhci_hcd usb_storage usbhid hid_generic sd_mod
    virtio_pci virtio_blk virtio_input ahci ata_piix nvme nls_cp437 nls_ascii nls_utf8 vfat"
image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-.*-amd64\)$/\1/p' | head -n 1)
[ -n "$image" ] || { echo "make-driver-guest.sh: apt knows no linux-image-amd64; run apt-get update" >&2; exit 1; }
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$image" busybox-static)
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/root"
done
"$repository/guests/common/initrd.sh" --out "$work/initrd" --compress gzip --busybox "$work/root/bin/busybox" \
    --modules "$(echo "$work"/root/lib/modules/*)/kernel" "$(echo $modules)"
mv "$work"/root/boot/vmlinuz-* "$out.vmlinuz"
mv "$work/initrd" "$out.new"
mv "$out.new" "$out"
