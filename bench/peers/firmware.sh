#!/bin/bash
# How long SeaBIOS takes from the reset to the first instruction of a boot loader, here and under QEMU's TCG, in turns: wall and processor seconds of the
# whole process. The boot loader is one sector on a virtio disk that ends the machine. Usage: firmware.sh [ROUNDS]; needs qemu-system-x86 and seabios.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# mov dx, 0xf4; mov al, 1; out dx, al; hlt; jmp to the hlt
printf '\272\364\000\260\001\356\364\353\375' > "$work/disk"
truncate -s 510 "$work/disk"
printf '\125\252' >> "$work/disk"
truncate -s 1M "$work/disk"

SOSIA_BUILD_ONLY=1 "$root/sosia"

run_sosia() {
    "$root/artifacts/sosia/sosia" run --machine pc --vga none --memory 64M --drive "file=$work/disk,format=raw,if=virtio" --serial none --bios-serial off --debug-exit 0xf4
}

run_qemu() {
    qemu-system-x86_64 -accel tcg -M pc,graphics=off -m 64 -display none -vga none -net none -monitor none -serial none \
        -drive "file=$work/disk,format=raw,if=virtio" -device isa-debug-exit,iobase=0xf4
}

# The status of the machine's end is (1 << 1) | 1 on both sides.
measure() {
    local status=0
    { time "run_$1" > /dev/null 2> "$work/errors" || status=$?; } 2> "$work/time"
    if [ "$status" != 3 ]; then
        echo "firmware.sh: $1 ended with status $status: $(cat "$work/errors")" >&2
        exit 1
    fi

    echo "$1 $(cat "$work/time")"
}

TIMEFORMAT='%R %U %S'
for _ in $(seq "$rounds"); do
    measure sosia
    measure qemu
done | awk '
    { wall[$1] = wall[$1] " " $2; cpu[$1] = cpu[$1] " " ($3 + $4) }
    function median(text,   a, n, i, j, t) {
        n = split(text, a, " ")
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n + 1) / 2)]
    }
    END {
        for (name in wall) printf "%-6s wall %.3f s, processor %.3f s (medians)\n", name, median(wall[name]), median(cpu[name])
        printf "QEMU / Sosia: wall %.2f, processor %.2f\n", median(wall["qemu"]) / median(wall["sosia"]), median(cpu["qemu"]) / median(cpu["sosia"])
    }'
