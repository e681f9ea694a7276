#!/bin/bash
# compare.sh [--rounds N] [--megabytes M] [--operations N] [--disk NAME]… [--images FOLDER] [--engine NAME]
# Disk patterns (disk.c) in the embedded guest, here and under QEMU's TCG, in turns in one run: sequential pieces of 128 KiB and random ones of
# 4 KiB, one and sixteen at a time, past the guest's page cache. Disks: virtio-raw virtio-qcow2 ide-raw ide-qcow2 ahci-raw (all unless told); each is
# empty at the start of a round. Prints medians of the rounds: units per second on both sides, QEMU's wall time over ours and QEMU's
# processor time over ours (above 1 Sosia is faster). The host's page cache holds the images, as QEMU's default cache mode has it.
# $SOSIA names another program than this folder's. Needs qemu-system-x86, qemu-utils, lz4 and gcc with a static C library.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=3 megabytes=128 operations=8000 disks='' folder='' engine=auto
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --megabytes) megabytes=$2; shift 2 ;;
        --operations) operations=$2; shift 2 ;;
        --disk) disks="$disks $2"; shift 2 ;;
        --images) folder=$2; shift 2 ;;
        --engine) engine=$2; shift 2 ;;
        *) echo "compare.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
disks=${disks:-virtio-raw virtio-qcow2 ide-raw ide-qcow2 ahci-raw}
work=$(mktemp -d "${folder:-${TMPDIR:-/tmp}}/disks.XXXXXX")
process=
trap '[ -z "$process" ] || kill "$process" 2> /dev/null; rm -rf "$work"' EXIT
sosia=${SOSIA:-$root/artifacts/sosia/sosia}
[ -n "${SOSIA:-}" ] || SOSIA_BUILD_ONLY=1 "$root/sosia"

"${CC:-gcc}" -std=c11 -O2 -Wall -Wextra -Werror -static -s -o "$work/disk" "$root/bench/disk/disk.c"
images=$root/guests/linux-x86_64/images
echo "file sbin/disk 755 $work/disk" | "$root/guests/common/newc.sh" | lz4 -l -q | cat "$images/initrd" - > "$work/initrd"

# The guest's names follow the controllers: virtio disks are vd*; sd* are IDE's, then AHCI's, in the order of the drives.
virtio=0 scsi=0 commands=
letters=abcdefgh
for kind in ide ahci virtio; do
    for disk in $disks; do
        case $disk in
            "$kind"-*) ;;
            *) continue ;;
        esac
        if [ $kind = virtio ]; then
            device=vd${letters:$virtio:1} virtio=$((virtio + 1))
        else
            device=sd${letters:$scsi:1} scsi=$((scsi + 1))
        fi
        commands="$commands disk $disk /dev/$device $megabytes $operations;"
    done
done
append="console=ttyS0 quiet sosia.run=\"$commands\" sosia.quit"

sosia_arguments() {
    for disk in $disks; do
        echo --drive
        echo "file=$work/$disk,format=${disk#*-},if=${disk%-*}"
    done
}

qemu_arguments() {
    local port=0
    case "$disks" in *ahci*) printf '%s\n' -device ahci,id=ahci ;; esac
    for disk in $disks; do
        echo -drive
        case $disk in
            ahci-*)
                echo "file=$work/$disk,format=${disk#*-},if=none,id=$disk"
                printf '%s\n' -device "ide-hd,drive=$disk,bus=ahci.$port"
                port=$((port + 1))
                ;;
            *) echo "file=$work/$disk,format=${disk#*-},if=${disk%-*}" ;;
        esac
    done
}

# Hundredths of seconds of the whole process, threads that have ended included.
processor() {
    local line
    read -r line < "/proc/$process/stat"
    # shellcheck disable=SC2086
    set -- ${line##*) }
    echo $((${12} + ${13}))
}

# Starts the rest of the arguments and prints "PEER DISK PATTERN UNITS WALL_NANOSECONDS PROCESSOR_HUNDREDTHS" for each pattern. The guest stands still
# while the processor time is read; wall time is the guest's, which is real time on both sides.
measure() {
    local peer=$1 line before=0 used finished=no
    shift
    mkfifo "$work/console" "$work/input"
    "$@" < "$work/input" > "$work/console" 2> "$work/errors" &
    process=$!
    exec 3> "$work/input"
    while IFS= read -r line; do
        line=${line%$'\r'}
        case $line in
            'disk start '*) before=$(processor); echo >&3 ;;
            'disk end '*)
                used=$(processor)
                # shellcheck disable=SC2086
                set -- $line
                echo "$peer $3 $4 $5 $6 $((used - before))"
                echo >&3
                ;;
            'sosia: finished 0'*) finished=yes ;;
            *'disk: '*) echo "compare.sh: $peer: $line" >&2 ;;
        esac
    done < "$work/console"
    exec 3>&-
    wait "$process" || finished=no
    process=
    rm "$work/console" "$work/input"
    [ $finished = yes ] || { echo "compare.sh: $peer failed: $(cat "$work/errors")" >&2; exit 1; }
}

fresh_images() {
    for disk in $disks; do
        rm -f "$work/$disk"
        qemu-img create -q -f "${disk#*-}" "$work/$disk" "$((megabytes + 8))M"
    done
}

for _ in $(seq "$rounds"); do
    fresh_images
    mapfile -t drives < <(sosia_arguments)
    measure sosia "$sosia" run --machine pc --engine "$engine" --memory 256M --kernel "$images/bzImage" --initrd "$work/initrd" --append "$append" "${drives[@]}"
    fresh_images
    mapfile -t drives < <(qemu_arguments)
    measure qemu qemu-system-x86_64 -accel tcg -M pc -m 256 -nodefaults -no-user-config -display none -no-reboot -serial stdio \
        -kernel "$images/bzImage" -initrd "$work/initrd" -append "$append" "${drives[@]}"
done > "$work/measured"
awk '
    function median(text,   a, n, i, j, t) {
        n = split(text, a, " ")
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n + 1) / 2)]
    }
    {
        key = $2 " " $3
        if (!(key in units)) order[++count] = key
        units[key] = $4
        wall[$1, key] = wall[$1, key] " " $5
        cpu[$1, key] = cpu[$1, key] " " $6
    }
    END {
        printf "%-13s %-12s %11s %11s %8s %10s\n", "disk", "pattern", "sosia/s", "qemu/s", "wall", "processor"
        for (i = 1; i <= count; i++) {
            key = order[i]
            split(key, part, " ")
            s = median(wall["sosia", key]); q = median(wall["qemu", key])
            printf "%-13s %-12s %11.0f %11.0f %8.2f %10.2f\n", part[1], part[2], units[key] * 1e9 / s, units[key] * 1e9 / q, q / s, (median(cpu["qemu", key]) + 0.5) / (median(cpu["sosia", key]) + 0.5)
        }
    }' "$work/measured"
