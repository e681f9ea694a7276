#!/bin/sh
# qemu.sh KERNEL INITRD APPEND [MEGABYTES [MACHINE]]
# Boots a Linux guest under QEMU's software emulation (TCG, one thread) until it powers off, and prints
#
#   qemu STATUS WHOLE_SECONDS KERNEL_SECONDS PROCESSOR_SECONDS
#
# with the meaning that bochs.sh gives these. APPEND must make the guest power off (or restart)
# by itself. The serial console is kept in the file that $CONSOLE names. $QEMU chooses the program.
set -eu
[ $# -ge 3 ] || { echo "usage: qemu.sh KERNEL INITRD APPEND [MEGABYTES [MACHINE]]" >&2; exit 2; }
kernel=$1 initrd=$2 append=$3 megabytes=${4:-256} machine=${5:-pc}
qemu=${QEMU:-qemu-system-x86_64}
command -v "$qemu" > /dev/null || { echo "qemu.sh: '$qemu' is missing; install qemu-system-x86" >&2; exit 4; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
serial=${CONSOLE:-$work/serial}
: > "$serial"

seconds() { date +%s.%N; }
start=$(seconds)
"$qemu" -accel tcg,thread=single -M "$machine" -cpu "${CPU:-qemu64}" -m "$megabytes" -nodefaults -no-user-config -display none -no-reboot \
    -serial "file:$serial" -kernel "$kernel" -initrd "$initrd" -append "$append" &
process=$!
trap 'kill $process 2> /dev/null; exit 130' INT TERM HUP
( while [ ! -s "$serial" ]; do sleep 0.02; done; seconds > "$work/first" ) &
watcher=$!
wait $process && status=ok || status=failed
end=$(seconds)
times > "$work/times"
kill $watcher 2> /dev/null || true
first=$(cat "$work/first" 2> /dev/null || echo "$end")
processor=$(awk -F '[ ms]+' 'NR == 2 { print $1 * 60 + $2 + $3 * 60 + $4 }' "$work/times")
grep -q -e 'Power down' -e 'Restarting system' -e 'machine restart' "$serial" || status=failed
[ "$status" = ok ] || tail -n 5 "$serial" >&2
awk -v s="$start" -v f="$first" -v e="$end" -v p="$processor" -v status="$status" \
    'BEGIN { printf "qemu %s %.2f %.2f %.2f\n", status, e - s, e - f, p }'
[ "$status" = ok ]
