#!/bin/sh
# Builds a guest's initrd. Needs a POSIX shell, coreutils and sed; gzip or lz4 to compress.
#
#   initrd.sh --busybox FILE --out FILE [--compress none|gzip|lz4]
#             [--modules FOLDER "NAME NAME…"]   kernel modules with what they depend on
#             [--programs FOLDER]               every file in it goes to /sbin
set -eu
common=$(cd "$(dirname "$0")" && pwd)

busybox= out= compress=none modules_from= modules=
list=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$list" "$work"' EXIT

while [ $# -gt 0 ]; do
    case $1 in
        --busybox) busybox=$2; shift 2 ;;
        --out) out=$2; shift 2 ;;
        --compress) compress=$2; shift 2 ;;
        --modules) modules_from=$2; modules=$3; shift 3 ;;
        --programs)
            for program in "$2"/*; do
                echo "file sbin/${program##*/} 755 $program" >> "$list"
            done
            # mke2fs takes its defaults for ext4 from its name.
            [ ! -f "$2/mke2fs" ] || echo "slink sbin/mkfs.ext4 mke2fs" >> "$list"
            shift 2
            ;;
        *) echo "initrd.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
[ -f "$busybox" ] || { echo "initrd.sh: no busybox at '$busybox'; pass --busybox FILE" >&2; exit 2; }
[ -n "$out" ] || { echo "initrd.sh: --out FILE is missing" >&2; exit 2; }

# A module's .modinfo section names what it depends on, so no depmod run is needed. Names use
# '_' where the file's name may have '-'. Prints each module after those that it needs.
find_module() {
    pattern=$(printf '%s' "$1" | sed 's/[-_]/[-_]/g')
    find "$modules_from" -name "$pattern.ko" | sort | head -n 1
}
add_module() (
    file=$(find_module "$1")
    [ -n "$file" ] || { echo "initrd.sh: no module '$1' in $modules_from" >&2; exit 2; }
    for needed in $(tr '\000' '\n' < "$file" | sed -n 's/^depends=//p' | tr ',' ' '); do
        add_module "$needed" || exit
    done
    grep -qxF -- "$file" "$work/order" || echo "$file" >> "$work/order"
)

if [ -n "$modules" ]; then
    : > "$work/order"
    for module in $modules; do
        add_module "$module"
    done
    echo "dir lib 755" >> "$list"
    echo "dir lib/modules 755" >> "$list"
    while read -r file; do
        echo "file lib/modules/${file##*/} 644 $file" >> "$list"
        echo "/lib/modules/${file##*/}" >> "$work/modules"
    done < "$work/order"
    echo "file etc/sosia/modules 644 $work/modules" >> "$list"
fi

sed -e "s|@COMMON@|$common|" -e "s|@BUSYBOX@|$busybox|" "$common/base.list" | cat - "$list" | "$common/newc.sh" > "$work/initrd"
case $compress in
    none) mv "$work/initrd" "$out" ;;
    gzip) gzip -9n < "$work/initrd" > "$out" ;;
    # -l: the frame format that the kernel reads.
    lz4) lz4 -l -12 -q -c "$work/initrd" > "$out" ;;
    *) echo "initrd.sh: unknown compression '$compress'; none, gzip and lz4 are known" >&2; exit 2 ;;
esac
