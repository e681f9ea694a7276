#!/bin/sh
# bochs.sh KERNEL INITRD APPEND [MEGABYTES]
# Boots a Linux guest under Bochs (Debian 12: packages bochs, bochs-term, bochsbios, vgabios,
# isolinux, syslinux-common, xorriso, tmux) until it powers off, and prints one line:
#
#   bochs STATUS WHOLE_SECONDS KERNEL_SECONDS PROCESSOR_SECONDS
#
# WHOLE_SECONDS is the whole process; KERNEL_SECONDS runs from the kernel's first line on the
# serial port to the end of the process, that is without the BIOS and the boot loader, which other
# emulators do not need because they load a kernel themselves. With "earlyprintk=ttyS0,115200" in
# APPEND that line comes before the kernel unpacks itself, else after. PROCESSOR_SECONDS
# is the processor time of the process, which says more than the others on a busy machine.
# APPEND must make the guest power off by itself. The serial console is kept in the file that $CONSOLE names.
#
# Bochs has no way to be given a kernel: a CD image with ISOLINUX is made. It needs a terminal for
# its display ("term", inside a tmux of its own), and a limit of open files that is not huge: it
# aborts otherwise. With the debugger compiled in, as Debian's build has it, the display goes to
# another pseudo terminal, which somebody must read: Bochs stops when its buffer is full.
set -eu
[ $# -ge 3 ] || { echo "usage: bochs.sh KERNEL INITRD APPEND [MEGABYTES]" >&2; exit 2; }
kernel=$1 initrd=$2 append=$3 megabytes=${4:-256}
for tool in bochs xorriso tmux; do
    command -v $tool > /dev/null || { echo "bochs.sh: '$tool' is missing; see the packages at the top of this file" >&2; exit 4; }
done
work=$(mktemp -d)
session=bochs-$$
finish() {
    tmux -L "$session" kill-server 2> /dev/null || true
    rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$session"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$work/cd/isolinux"
cp "$kernel" "$work/cd/kernel"
cp "$initrd" "$work/cd/initrd"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/cd/isolinux/"
cat > "$work/cd/isolinux/isolinux.cfg" <<END
DEFAULT linux
PROMPT 0
LABEL linux
  KERNEL /kernel
  INITRD /initrd
  APPEND $append
END
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$work/cd" 2> "$work/xorriso.log"

serial=${CONSOLE:-$work/serial}
: > "$serial"
# ips tells Bochs how many instructions it manages in a second (about this many in Debian's build); the
# guest's clock follows it, so that a busy wait costs as many instructions as it lasts.
cat > "$work/bochsrc" <<END
display_library: term
megs: $megabytes
cpu: model=corei5_arrandale_m520, count=1, ips=25000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$serial
clock: sync=none
log: $work/log
logprefix: %t%e%d
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
END
# Debian's build has the debugger compiled in and starts at its prompt.
printf 'continue\nquit\n' > "$work/commands"
cat > "$work/run" <<END
ulimit -n 1000
TERM=xterm bochs-bin -q -f $work/bochsrc -rc $work/commands 2> $work/stderr
times > $work/times
echo done > $work/status
END

seconds() { date +%s.%N; }
start=$(seconds)
first=
reader=
tmux -L "$session" -f /dev/null new-session -d -x 100 -y 40 "sh $work/run"
ticks=0
while [ ! -e "$work/status" ]; do
    ticks=$((ticks + 1))
    if [ $((ticks % 100)) -eq 0 ] && ! tmux -L "$session" has-session 2> /dev/null; then
        break
    fi
    if [ -z "$first" ] && [ -s "$serial" ]; then
        first=$(seconds)
    fi
    if [ -z "$reader" ]; then
        screen=$(sed -n 's/^Bochs connected to screen "\(.*\)"$/\1/p' "$work/stderr" 2> /dev/null || true)
        if [ -n "$screen" ]; then
            # Raw and without echo: what the display shows must not come back as typed keys.
            stty raw -echo < "$screen"
            cat "$screen" > /dev/null 2>&1 &
            reader=$!
        fi
    fi
    sleep 0.05
done
end=$(seconds)
[ -z "$reader" ] || kill "$reader" 2> /dev/null || true
cp "$work/log" "${LOG:-/dev/null}"
if grep -q 'Power down' "$serial"; then
    status=ok
else
    status=failed
    tail -n 5 "$serial" "$work/log" >&2
fi
processor=$(awk -F '[ ms]+' 'NR == 2 { print $1 * 60 + $2 + $3 * 60 + $4 }' "$work/times" 2> /dev/null || echo 0)
awk -v s="$start" -v f="${first:-$end}" -v e="$end" -v p="$processor" -v status="$status" \
    'BEGIN { printf "bochs %s %.2f %.2f %.2f\n", status, e - s, e - f, p }'
[ "$status" = ok ]
