#!/bin/bash
# compare.sh [--rounds N] [--seconds S] [--encoding raw|hextile|zrle]… [--pattern frames|squares|text|idle]… [--engine NAME]
# Screens that change (guest.S) seen by a VNC viewer (viewer.c) that asks for the next update as soon as it has one, here and under QEMU's TCG, in turns in
# one run. Prints medians of the rounds: what the guest drew and the viewer got in a second on both sides, the viewer's kilobytes of an update, and
# the machine's processor time in percent of one processor. The ratios are Sosia's over QEMU's for the rates and QEMU's over Sosia's for the processor time
# of an update (of a second, when nothing changes): above 1 Sosia is ahead. QEMU sends at most some 33 updates a second, Sosia 60.
# $SOSIA names another program than this folder's. Needs qemu-system-x86 and gcc.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=3 seconds=3 encodings='' patterns='' engine=auto
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --seconds) seconds=$2; shift 2 ;;
        --encoding) encodings="$encodings $2"; shift 2 ;;
        --pattern) patterns="$patterns $2"; shift 2 ;;
        --engine) engine=$2; shift 2 ;;
        *) echo "compare.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
encodings=${encodings:-raw hextile zrle}
patterns=${patterns:-frames squares text idle}
work=$(mktemp -d)
process=
trap '[ -z "$process" ] || kill "$process" 2> /dev/null; rm -rf "$work"' EXIT
sosia=${SOSIA:-$root/artifacts/sosia/sosia}
[ -n "${SOSIA:-}" ] || SOSIA_BUILD_ONLY=1 "$root/sosia"

gcc -m32 -nostdlib -static -Wl,--build-id=none,-N,-Ttext=0x100000 -Wl,--no-warn-rwx-segments -o "$work/guest" "$root/bench/screen/guest.S"
"${CC:-gcc}" -std=c11 -O2 -Wall -Wextra -Werror -o "$work/viewer" "$root/bench/screen/viewer.c"

# A port that nobody listens on: the machines are given their own one after the other.
port=$((20000 + RANDOM % 20000))

start_sosia() {
    exec "$sosia" run --machine pc --engine "$engine" --memory 64M --kernel "$work/guest" --append "$1" --display "vnc=127.0.0.1:$port"
}

start_qemu() {
    exec qemu-system-x86_64 -accel tcg -M pc -m 64 -nodefaults -no-user-config -vga std -serial stdio -kernel "$work/guest" -append "$1" -vnc "127.0.0.1:$((port - 5900))"
}

# Prints "PEER PATTERN ENCODING" and the viewer's line.
measure() {
    local peer=$1 pattern=$2 encoding=$3 figures
    port=$((port + 1))
    mkfifo "$work/console" "$work/input"
    exec 4<> "$work/console" 3<> "$work/input"
    "start_$peer" "${pattern:0:1}" < "$work/input" > "$work/console" 2> "$work/errors" 3>&- 4>&- &
    process=$!
    figures=$("$work/viewer" $port "$encoding" "$seconds" $process <&4) || { echo "compare.sh: $peer failed: $(cat "$work/errors")" >&2; exit 1; }
    kill $process
    wait "$process" 2> /dev/null || true
    process=
    exec 3>&- 4>&-
    rm "$work/console" "$work/input"
    echo "$peer $pattern $encoding $figures"
}

for _ in $(seq "$rounds"); do
    for pattern in $patterns; do
        for encoding in $encodings; do
            measure sosia "$pattern" "$encoding"
            measure qemu "$pattern" "$encoding"
        done
    done
done > "$work/measured"
awk '
    function median(text,   a, n, i, j, t) {
        n = split(text, a, " ")
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n + 1) / 2)]
    }
    function ratio(a, b) { return b == 0 ? "-" : sprintf("%.2f", a / b) }
    {
        key = $2 " " $3
        if (!(key in seen)) { order[++count] = key; seen[key] = 1 }
        seconds = $8 / 1e9
        units[$1, key] = units[$1, key] " " $4 / seconds
        updates[$1, key] = updates[$1, key] " " $5 / seconds
        size[$1, key] = size[$1, key] " " ($5 == 0 ? 0 : $7 / $5 / 1000)
        used[$1, key] = used[$1, key] " " $9 / seconds
        cost[$1, key] = cost[$1, key] " " ($9 + 0.5) / ($5 == 0 ? seconds : $5)
    }
    END {
        printf "%-8s %-8s %10s %10s %6s %6s %7s %7s %6s %6s | %6s %7s %9s\n", "pattern", "encoding", "guest/s", "qemu", "upd/s", "qemu", "kB/upd", "qemu", "CPU %", "qemu", "guest", "updates", "processor"
        for (i = 1; i <= count; i++) {
            key = order[i]
            split(key, part, " ")
            gs = median(units["sosia", key]); gq = median(units["qemu", key])
            us = median(updates["sosia", key]); uq = median(updates["qemu", key])
            printf "%-8s %-8s %10.1f %10.1f %6.1f %6.1f %7.1f %7.1f %6.1f %6.1f | %6s %7s %9.2f\n", part[1], part[2], gs, gq, us, uq,
                median(size["sosia", key]), median(size["qemu", key]), median(used["sosia", key]), median(used["qemu", key]),
                ratio(gs, gq), ratio(us, uq), median(cost["qemu", key]) / median(cost["sosia", key])
        }
    }' "$work/measured"
