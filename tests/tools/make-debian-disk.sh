#!/usr/bin/env bash
# make-debian-disk.sh OUT
# Makes a disk with an installed Debian: debootstrap's minimal system with systemd, Debian's cloud and stock kernels, an ext4 partition, and
# GRUB in the boot record and behind it. The log is on the serial port, where root logs in with the password "sosia".
# Nothing is mounted from a loop device: mke2fs fills the file system, and GRUB goes where it belongs by hand. Needs root (for chroot), debootstrap,
# grub-common, grub-pc-bin, e2fsprogs and Debian's archive. OUT appears when it is complete.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: make-debian-disk.sh OUT" >&2; exit 2; }
out=$(realpath "$1")
suite=bookworm
archive=${DEBIAN_ARCHIVE:-http://deb.debian.org/debian}
first_sector=2048
megabytes=640
grub=/usr/lib/grub/i386-pc
work=$(mktemp -d)
root=$work/root
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C DEBIAN_FRONTEND=noninteractive
trap 'umount "$root/proc" 2> /dev/null || true; rm -rf "$work"' EXIT

# Drivers that no machine of ours has a device for, and texts nobody reads: dpkg never writes them.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
{
    echo force-unsafe-io
    for part in 'usr/share/doc/*' 'usr/share/man/*' 'usr/share/locale/*' 'usr/share/info/*' 'boot/System.map-*' \
        'lib/modules/*/kernel/sound/*' 'lib/modules/*/kernel/drivers/'{gpu,media,net,infiniband,staging,iio,hwmon,target,mtd,md,isdn,comedi,edac,thunderbolt,bluetooth}'/*' \
        'lib/modules/*/kernel/net/*' 'lib/modules/*/kernel/fs/'{btrfs,xfs,ocfs2,ceph,nfs,nfsd,cifs,smb,gfs2,f2fs,ubifs,reiserfs,jfs,ntfs3,afs,dlm,lockd}'/*'; do
        echo "path-exclude=/$part"
    done
} > "$root/etc/dpkg/dpkg.cfg.d/small"

debootstrap --variant=minbase --include=systemd-sysv,udev,kmod,e2fsprogs,fdisk,initramfs-tools,lz4 "$suite" "$root" "$archive"
mount -t proc proc "$root/proc" 2> /dev/null || true

# The initial RAM disk holds the controllers that the disk may be connected to.
mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=list\nCOMPRESS=lz4\nFSTYPE=ext4\n' > "$root/etc/initramfs-tools/conf.d/small"
printf '%s\n' virtio_pci virtio_blk ata_piix ahci sd_mod ext4 > "$root/etc/initramfs-tools/modules"
echo 'do_symlinks = no' > "$root/etc/kernel-img.conf"
chroot "$root" apt-get install -y -qq --no-install-recommends linux-image-cloud-amd64 linux-image-amd64

echo 'LABEL=debian / ext4 errors=remount-ro 0 1' > "$root/etc/fstab"
echo debian > "$root/etc/hostname"
echo root:sosia | chroot "$root" chpasswd
# What the guest would only do once, at its first start.
chroot "$root" systemd-machine-id-setup > /dev/null
chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
umount "$root/proc" 2> /dev/null || true

# GRUB's menu: one entry for each kernel.
mkdir -p "$root/boot/grub/i386-pc"
cp "$grub"/*.mod "$grub"/*.lst "$root/boot/grub/i386-pc/"
cloud=$(cd "$root/boot" && echo vmlinuz-*-cloud-amd64)
stock=$(cd "$root/boot" && ls | grep '^vmlinuz-.*-amd64$' | grep -v cloud)
{
    printf 'serial --unit=0 --speed=115200\nterminal_input serial console\nterminal_output serial console\nset timeout=5\n'
    for entry in "cloud $cloud" "stock $stock"; do
        kernel=${entry#* }
        printf 'menuentry "Debian GNU/Linux, %s kernel" {\n    linux /boot/%s root=LABEL=debian ro console=tty0 console=ttyS0\n    initrd /boot/%s\n}\n' \
            "${entry%% *}" "$kernel" "initrd.img-${kernel#vmlinuz-}"
    done
} > "$root/boot/grub/grub.cfg"

truncate -s "${megabytes}M" "$work/disk.img"
mke2fs -q -t ext4 -L debian -E "offset=$((first_sector * 512))" -d "$root" "$work/disk.img" "$((megabytes * 1024 - first_sector / 2))k"
grub-mkimage -O i386-pc -o "$work/core.img" -p '(hd0,msdos1)/boot/grub' biosdisk part_msdos ext2
[ "$(stat -c %s "$work/core.img")" -le $(((first_sector - 1) * 512)) ] || { echo "make-debian-disk.sh: GRUB's core does not fit before the partition" >&2; exit 1; }

# The boot record: GRUB's code, which looks for the core in the sectors behind it, and a partition table with one active Linux partition.
sectors=$((megabytes * 2048 - first_sector))
little_endian() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
dd if="$grub/boot.img" of="$work/disk.img" bs=440 count=1 conv=notrunc status=none
printf "\\x80\\x00\\x00\\x00\\x83\\x00\\x00\\x00$(little_endian $first_sector)$(little_endian $sectors)" |
    dd of="$work/disk.img" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$work/disk.img" bs=1 seek=510 conv=notrunc status=none
dd if="$work/core.img" of="$work/disk.img" bs=512 seek=1 conv=notrunc status=none
mv "$work/disk.img" "$out.new"
mv "$out.new" "$out"
