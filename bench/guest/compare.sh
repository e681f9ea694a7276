#!/bin/sh
# compare.sh [--seconds S] [--rounds N] [--engine NAME]… [--no-bochs]
# Runs the guest benchmark natively, under QEMU TCG, under Bochs and under Sosia's engines (interpreter
# unless told), one after the other on this machine, N rounds of all (1 unless told) whose medians count, and prints one table: units per second for
# each, and in brackets Sosia's rate as a multiple of that peer's ("sosia 2.0x" is twice as fast).
# Peers that are not installed are left out, with a word about it on stderr.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
images=$root/guests/linux-x86_64/images
seconds=0.3 rounds=1 engines= bochs=yes
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --rounds) rounds=$2; shift 2 ;;
        --engine) engines="$engines $2"; shift 2 ;;
        --no-bochs) bochs=no; shift ;;
        *) echo "compare.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
engines=${engines:-interpreter}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
append="console=ttyS0 quiet sosia.run=\"bench --seconds $seconds\" sosia.quit"
columns=

column() { # name: adds the lines "bench NAME …" of $work/console to the column
    tr -d '\r' < "$work/console" | grep '^bench ' > "$work/new" || true
    if grep -q WRONG "$work/new"; then
        echo "compare.sh: $1 computes wrong results:" >&2
        grep WRONG "$work/new" >&2
    fi
    if [ -s "$work/new" ]; then
        case " $columns " in *" $1 "*) ;; *) columns="$columns $1" ;; esac
        cat "$work/new" >> "$work/$1.column"
    else
        echo "compare.sh: $1 printed no results" >&2
        tail -n 5 "$work/console" >&2
    fi
}

has() { # program packages
    command -v "$1" > /dev/null || { echo "compare.sh: no $1 here (packages: $2)" >&2; return 1; }
}

qemu=no
has qemu-system-x86_64 qemu-system-x86 && qemu=yes
[ $bochs = no ] || has bochs "bochs, bochs-term" || bochs=no
SOSIA_BUILD_ONLY=1 "$root/sosia"
round=0
while [ $round -lt "$rounds" ]; do
    "$images/programs/bench" --seconds "$seconds" > "$work/console" || true
    column native
    if [ $qemu = yes ]; then
        CONSOLE=$work/console "$root/bench/peers/qemu.sh" "$images/bzImage" "$images/initrd" "$append" > /dev/null || true
        column qemu
    fi
    if [ $bochs = yes ]; then
        CONSOLE=$work/console "$root/bench/peers/bochs.sh" "$images/bzImage" "$images/initrd" "$append" > /dev/null || true
        column bochs
    fi
    for engine in $engines; do
        "$root/sosia" run --guest linux-x86_64 --engine "$engine" --append "$append" < /dev/null > "$work/console" || true
        column "sosia-$engine"
    done
    round=$((round + 1))
done

cd "$work"
for c in $columns; do
    # The median of the rounds, each kernel in its place.
    awk '{ if (!seen[$2]++) { order[++n] = $2 } } END { for (k = 1; k <= n; k++) { print order[k] } }' "$c.column" | while read -r kernel; do
        awk -v k="$kernel" '$2 == k { print ($3 == "WRONG" ? 0 : $5) }' "$c.column" | sort -g |
            awk -v c="$c" -v k="$kernel" '{ value[NR] = $1 } END { print c, k, value[int((NR + 1) / 2)] }'
    done
done | awk -v columns="$columns" -v engines="$engines" '
    { rate[$1, $2] = $3; if (!seen[$2]++) { order[++n] = $2 } }
    END {
        count = split(columns, column, " ")
        split(engines, engine, " ")
        first = "sosia-" engine[1]
        printf "%-10s", "kernel"
        for (c = 1; c <= count; c++) { printf " %26s", column[c] }
        print ""
        for (k = 1; k <= n; k++) {
            name = order[k]
            printf "%-10s", name
            for (c = 1; c <= count; c++) {
                r = rate[column[c], name]; mine = rate[first, name]
                ratio = (column[c] != first && r > 0 && mine > 0) ? sprintf("(sosia %.2fx)", mine / r) : ""
                printf " %12s %13s", (r > 0 ? sprintf("%.4g", r) : "wrong"), ratio
            }
            print ""
        }
    }'
