#!/usr/bin/env bash
# make-installer-cd.sh amd64|i386 OUT
# Makes a CD of Debian's installer: kernel and initrd of the package debian-installer-12-netboot-ARCH, unmodified, started by ISOLINUX: "install" on the
# screen, "serial" on the serial port. Needs apt-get, dpkg-deb, isolinux and xorriso. OUT appears when it is complete.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: make-installer-cd.sh amd64|i386 OUT" >&2; exit 2; }
architecture=$1
out=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=debian-installer-12-netboot-$architecture
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package")
images=./usr/lib/debian-installer/images/12/$architecture/text/debian-installer/$architecture
dpkg-deb --fsys-tarfile "$work/$package"_*.deb | tar -x -C "$work" "$images/linux" "$images/initrd.gz"
mkdir -p "$work/disc/install" "$work/disc/isolinux"
mv "$work/$images/linux" "$work/disc/install/vmlinuz"
mv "$work/$images/initrd.gz" "$work/disc/install/"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/disc/isolinux/"
cat > "$work/disc/isolinux/isolinux.cfg" << 'END'
SERIAL 0 115200
PROMPT 1
TIMEOUT 0
LABEL install
  KERNEL /install/vmlinuz
  APPEND initrd=/install/initrd.gz vga=normal nomodeset fb=false
LABEL serial
  KERNEL /install/vmlinuz
  APPEND initrd=/install/initrd.gz console=ttyS0
END
xorriso -as mkisofs -quiet -R -J -V "Debian installer" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
    -o "$work/disc.iso" "$work/disc"
mv "$work/disc.iso" "$out.new"
mv "$out.new" "$out"
