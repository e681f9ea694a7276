#!/bin/bash
# compare.sh [--rounds N] [--megabytes M] [--engine NAME] [--card NAME]…
# TCP streams (net.c) between the embedded guest and a program of the host over the user network, here and under QEMU's TCG with slirp, in turns in one
# run: up is from the guest to the host. Cards: virtio e1000 (both unless told). Prints medians of the rounds: megabytes per second on both sides, and
# ours over QEMU's (above 1 Sosia is faster). $SOSIA names another program than this folder's. Needs qemu-system-x86, lz4 and gcc with a static C library.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=3 megabytes=512 engine=auto cards=''
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --megabytes) megabytes=$2; shift 2 ;;
        --engine) engine=$2; shift 2 ;;
        --card) cards="$cards $2"; shift 2 ;;
        *) echo "compare.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
cards=${cards:-virtio e1000}
work=$(mktemp -d "${TMPDIR:-/tmp}/net.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
sosia=${SOSIA:-$root/artifacts/sosia/sosia}
[ -n "${SOSIA:-}" ] || SOSIA_BUILD_ONLY=1 "$root/sosia"

"${CC:-gcc}" -std=gnu11 -O2 -Wall -Wextra -Werror -static -s -pthread -o "$work/net" "$root/bench/net/net.c"
images=$root/guests/linux-x86_64/images
echo "file sbin/net 755 $work/net" | "$root/guests/common/newc.sh" | lz4 -l -q | cat "$images/initrd" - > "$work/initrd"

mkfifo "$work/input" "$work/port"
"$work/net" serve < "$work/input" > "$work/port" &
server=$!
exec 3> "$work/input"
read -r port < "$work/port"

commands="ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.2.2; ping -c 1 10.0.2.2 > /dev/null;"
for pattern in up down; do
    commands="$commands net $pattern 10.0.2.2 $port $megabytes;"
done
append="console=ttyS0 quiet sosia.run=\"$commands\" sosia.quit"

# Runs the rest of the arguments and prints "PEER CARD PATTERN MEGABYTES NANOSECONDS" for each pattern.
measure() {
    local peer=$1 card=$2
    shift 2
    "$@" < /dev/null 2> "$work/errors" | tr -d '\r' > "$work/console"
    grep -q '^sosia: finished 0' "$work/console" || { echo "compare.sh: $peer failed: $(tail -3 "$work/console" "$work/errors")" >&2; exit 1; }
    sed -n "s/^net \\(up\\|down\\) /$peer $card \\1 /p" "$work/console"
}

for _ in $(seq "$rounds"); do
    for card in $cards; do
        measure sosia "$card" "$sosia" run --machine pc --engine "$engine" --memory 256M --kernel "$images/bzImage" --initrd "$work/initrd" --append "$append" \
            --net "user,model=$card,allow-host-loopback=on"
        [ "$card" = virtio ] && device=virtio-net-pci || device=$card
        measure qemu "$card" qemu-system-x86_64 -accel tcg -M pc -m 256 -nodefaults -no-user-config -display none -no-reboot -serial stdio \
            -kernel "$images/bzImage" -initrd "$work/initrd" -append "$append" -netdev user,id=net -device "$device,netdev=net"
    done
done > "$work/measured"
awk '
    function median(text,   a, n, i, j, t) {
        n = split(text, a, " ")
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n + 1) / 2)]
    }
    {
        key = $2 " " $3
        if (!(key in seen)) { seen[key]; order[++count] = key }
        speed[key, $1] = speed[key, $1] " " $4 * 1048576 / $5 * 1000
    }
    END {
        printf "%-8s %-5s %12s %12s %8s\n", "card", "", "sosia MB/s", "qemu MB/s", "ratio"
        for (i = 1; i <= count; i++) {
            split(order[i], part, " ")
            ours = median(speed[order[i], "sosia"])
            theirs = median(speed[order[i], "qemu"])
            printf "%-8s %-5s %12.0f %12.0f %8.2f\n", part[1], part[2], ours, theirs, ours / theirs
        }
    }' "$work/measured"
