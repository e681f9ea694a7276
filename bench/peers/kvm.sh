#!/usr/bin/env bash
# bench/peers/kvm.sh [ROUNDS]
# Boots the embedded guest to its prompt under ./sosia run --engine kvm and under QEMU's KVM engine, in turns, and prints each time in seconds and the ratio.
# On a host with /dev/kvm it runs there; otherwise both run in the bed (tests/tools/kvm-test-bed.sh), where every exit costs what QEMU's emulation of SVM makes of it.
# Needs qemu-system-x86_64 (Debian: qemu-system-x86).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
rounds=${1:-3}
SOSIA_BUILD_ONLY=1 ./sosia

script=$(mktemp)
trap 'rm -f "$script"' EXIT
cat > "$script" << 'INNER'
rounds=$1; sosia=$2; images=$3
cd "$(mktemp -d)"
now() { cut -d' ' -f1 /proc/uptime; }
# NAME COMMAND...: the seconds until the prompt appears.
boot() {
    name=$1; shift
    : > out
    begin=$(now)
    "$@" < /dev/null > out 2> err &
    process=$!
    while kill -0 $process 2> /dev/null && ! grep -q 'sosia:~#' out; do sleep 0.1; done
    end=$(now)
    grep -q 'sosia:~#' out || { echo "$name did not reach the prompt:"; tail -5 out err; exit 1; }
    kill $process; wait $process 2> /dev/null || true
    seconds=$(echo "$begin $end" | awk '{ print $2 - $1 }')
    echo "$name $seconds"
}
for round in $(seq "$rounds"); do
    boot sosia "$sosia" run --engine kvm --cpu x86-64-v3 --serial stdio --timeout 100s
    a=$seconds
    boot qemu qemu-system-x86_64 -accel kvm -cpu host -m 256 -nographic -nodefaults -serial stdio -no-reboot -kernel "$images/bzImage" -initrd "$images/initrd" -append console=ttyS0
    echo "$a $seconds" | awk '{ printf "qemu/sosia %.2f\n", $2 / $1 }'
done
INNER

if [ -w /dev/kvm ]; then
    sh "$script" "$rounds" artifacts/sosia/sosia guests/linux-x86_64/images
else
    tests/tools/kvm-test-bed.sh --cpus 2 --timeout 500 --file artifacts/sosia=/opt/sosia --file guests/linux-x86_64/images/bzImage=/img/bzImage \
        --file guests/linux-x86_64/images/initrd=/img/initrd --file /usr/bin/qemu-system-x86_64=/usr/bin/qemu-system-x86_64 --file /usr/share/seabios=/usr/share/seabios \
        --file /usr/share/qemu=/usr/share/qemu --file "$script=/bench.sh" -- "sh /bench.sh $rounds /opt/sosia/sosia /img"
fi
