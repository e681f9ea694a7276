#!/usr/bin/env bash
# bench/peers/kvm.sh [ROUNDS]
# Sosia's engine kvm beside QEMU's, in turns on one host, ROUNDS (3) times each, with the same guests:
#
#   exits      bench/guest/exits.S: ticks of the time-stamp counter for each access to a port, to device memory and so on, as the guest measures them
#   boot       the embedded Linux to its power-off: seconds of the whole process, and the guest's own seconds (the kernel's last message)
#
# Prints every figure, and the medians with the ratio QEMU/Sosia: above 1 Sosia is faster. On a host with /dev/kvm it runs there. Otherwise both run in the bed
# (tests/tools/kvm-test-bed.sh), whose processor is emulated: there a figure says how much code an exit costs, in the kernel and in the program, and not what it costs on a processor.
# Needs qemu-system-x86_64 (Debian: qemu-system-x86) and gcc.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
rounds=${1:-3}
SOSIA_BUILD_ONLY=1 ./sosia

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -m32 -nostdlib -static -Wl,--build-id=none,-N,-Ttext=0x100000 -Wl,--no-warn-rwx-segments -o "$work/exits" bench/guest/exits.S
cat > "$work/script" << 'INNER'
rounds=$1; sosia=$2; images=$3; exits=$4
cd "$(mktemp -d)"
now() { cut -d' ' -f1 /proc/uptime; }
qemu() { qemu-system-x86_64 -accel kvm -cpu host -nodefaults -display none -vga none -serial stdio -no-reboot "$@" < /dev/null; }
# WHO: one line for each of the guest's, with WHO before it.
as() { tr -d '\r' | sed -n "s/^\([a-z0-9-]*\) \([0-9.]*\)$/$1 \1 \2/p"; }
# WHO COMMAND...: whole and guest's seconds of a boot to power-off.
boot() {
    who=$1; shift
    begin=$(now)
    "$@" > out 2>&1 < /dev/null || { tail -5 out >&2; exit 1; }
    echo "$who boot-process $(echo "$begin $(now)" | awk '{ print $2 - $1 }')"
    echo "$who boot-guest $(tr -d '\r' < out | sed -n 's/^\[ *\([0-9.]*\)\] .*/\1/p' | tail -n 1)"
}
for round in $(seq "$rounds"); do
    "$sosia" run --engine kvm --cpu x86-64-v3 --memory 64M --kernel "$exits" --debug-exit 0xf4 --timeout 200s < /dev/null | as sosia
    qemu -m 64 -device isa-debug-exit,iobase=0xf4,iosize=1 -kernel "$exits" | as qemu
    boot sosia "$sosia" run --engine kvm --cpu x86-64-v3 --append 'console=ttyS0 sosia.quit' --timeout 200s
    boot qemu qemu -m 256 -kernel "$images/bzImage" -initrd "$images/initrd" -append 'console=ttyS0 sosia.quit'
done
INNER

if [ -w /dev/kvm ]; then
    bash "$work/script" "$rounds" "$PWD/artifacts/sosia/sosia" "$PWD/guests/linux-x86_64/images" "$work/exits"
else
    files=()
    for rom in bios-256k.bin linuxboot_dma.bin multiboot_dma.bin kvmvapic.bin; do
        for folder in /usr/share/seabios /usr/share/qemu; do
            [ ! -e "$folder/$rom" ] || files+=(--file "$folder/$rom=/usr/share/qemu/$rom")
        done
    done
    tests/tools/kvm-test-bed.sh --timeout 900 --file artifacts/sosia=/opt/sosia --file guests/linux-x86_64/images/bzImage=/img/bzImage \
        --file guests/linux-x86_64/images/initrd=/img/initrd --file "$(command -v qemu-system-x86_64)=/usr/bin/qemu-system-x86_64" "${files[@]}" \
        --file "$work/exits=/exits" --file "$work/script=/bench.sh" -- "sh /bench.sh $rounds /opt/sosia/sosia /img /exits"
fi | tee "$work/figures"

echo
awk '{ values[$2, $1] = values[$2, $1] " " $3; if (!($2 in seen)) { seen[$2] = 1; order[++count] = $2 } }
    function median(text,   parts, n, i, j, t) {
        n = split(text, parts, " ")
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (parts[j] + 0 < parts[i] + 0) { t = parts[i]; parts[i] = parts[j]; parts[j] = t }
        return n == 0 ? 0 : parts[int((n + 1) / 2)]
    }
    END {
        printf "%-16s %12s %12s %12s\n", "", "sosia", "qemu", "qemu/sosia"
        for (i = 1; i <= count; i++) {
            a = median(values[order[i], "sosia"]); b = median(values[order[i], "qemu"])
            printf "%-16s %12s %12s %12.2f\n", order[i], a, b, a > 0 ? b / a : 0
        }
    }' "$work/figures"
