#!/usr/bin/env bash
# Runs a shell script inside a Linux that has a /dev/kvm of its own, on hosts that have none: QEMU's TCG emulates AMD's SVM with nested paging,
# and in it Debian's kernel with kvm-amd is a real KVM, only slow.
#
#   kvm-test-bed.sh [OPTION...] [--] 'SCRIPT'     runs SCRIPT with busybox's sh as root; its output is this program's output
#   kvm-test-bed.sh [OPTION...] --self-test       builds kvm-smoke.c and runs it in there
#
#   --file HOST=GUEST   puts a file, or a folder with all in it, there; libraries that a dynamic program names come with it. May be repeated
#   --cpus N            processors of the bed (1; see below)
#   --memory SIZE       memory of the bed, as QEMU writes it (2G)
#   --timeout SECONDS   gives up then (300)
#   --cpu MODEL         QEMU's processor model (max,la57=off,smap=off: QEMU before 9.1 takes the stack accesses of a program's IRET for the kernel's)
#   --append TEXT       more of the kernel's command line
#   --verbose           shows the kernel's messages
#   --cache FOLDER      where kernel and initrd are kept (artifacts/kvm-test-bed)
#
# The bed's clock counts its processor's instructions (-icount), which keeps QEMU's timers on the thread of the processor: QEMU's emulation of SVM changes the
# word of pending interrupts without its lock (7.2, svm_helper.c), and beside other threads interrupts get lost, whose guests then stand still. What a script
# does there is the same every time, however busy the host is. With several processors that is not to be had: they run on a thread each, and may stop for ever.
#
# Status: that of SCRIPT; 2 wrong arguments; 4 the host lacks something; 124 the time was up; 125 the bed ended without a status.
# Needs qemu-system-x86 and, for the first run, apt-get with network, dpkg-deb and xz; --self-test needs gcc.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)

cpus=1 memory=2G timeout=300 model=max,la57=off,smap=off append= loglevel=loglevel=0 self_test=
cache=$root/artifacts/kvm-test-bed
script=
files=()

refuse() { echo "kvm-test-bed: $1" >&2; exit 2; }
lacks() { echo "kvm-test-bed: $1" >&2; exit 4; }

while [ $# -gt 0 ]; do
    case $1 in
        --self-test) self_test=1; shift; continue ;;
        --verbose) loglevel='ignore_loglevel earlyprintk=ttyS0,115200'; shift; continue ;;
        --) shift; break ;;
        --*) [ $# -gt 1 ] || refuse "the option $1 needs a value, or is unknown; the head of $here/kvm-test-bed.sh lists the options." ;;
        *) break ;;
    esac
    case $1 in
        --file) [[ $2 == *=/* ]] || refuse "--file '$2' is not HOST=GUEST with an absolute path in the guest."; files+=("$2") ;;
        --cpus) cpus=$2 ;;
        --memory) memory=$2 ;;
        --timeout) timeout=$2 ;;
        --cpu) model=$2 ;;
        --append) append=$2 ;;
        --cache) cache=$2 ;;
        *) refuse "the option $1 is unknown; the head of $here/kvm-test-bed.sh lists the options." ;;
    esac
    shift 2
done
if [ -n "$self_test" ]; then
    [ $# -eq 0 ] || refuse "--self-test takes no script."
else
    [ $# -eq 1 ] || refuse "give one script, in quotes; there are $#."
    script=$1
fi

command -v qemu-system-x86_64 > /dev/null || lacks "the program 'qemu-system-x86_64' is missing; install Debian's package qemu-system-x86."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The kernel as an ELF file: QEMU enters it by PVH, and nothing has to be unpacked by an emulated processor.
unpack_kernel() { # BZIMAGE OUT
    local setup_sectors offset length
    setup_sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
    offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
    length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
    # After the XZ stream come four bytes with the size of what is in it.
    head -c $(((setup_sectors + 1) * 512 + offset + length - 4)) "$1" | tail -c $((length - 4)) | xz -dc > "$2"
}

# The cache's folder "base" appears when it is complete, never before.
make_base() {
    local program package part=$cache/base.part
    for program in apt-get apt-cache dpkg-deb xz; do
        command -v $program > /dev/null || lacks "the program '$program' is missing, which brings Debian's kernel for the first run."
    done
    package=$(apt-cache depends linux-image-amd64 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-.*-amd64\)$/\1/p' | head -n 1)
    [ -n "$package" ] || lacks "the package lists have no kernel for linux-image-amd64; run 'apt-get update'."
    echo "kvm-test-bed: fetching $package and busybox-static" >&2
    mkdir "$work/packages" "$work/extracted"
    (cd "$work/packages" && apt-get download -o APT::Sandbox::User=root "$package" busybox-static) > "$work/log" 2>&1 || { cat "$work/log" >&2; lacks "the packages cannot be had."; }
    for program in "$work"/packages/*.deb; do
        dpkg-deb -x "$program" "$work/extracted"
    done
    rm -rf "$part"
    mkdir "$part"
    unpack_kernel "$work"/extracted/boot/vmlinuz-* "$part/vmlinux"
    "$root/guests/common/initrd.sh" --busybox "$work/extracted/bin/busybox" --out "$part/initrd" --modules "$work"/extracted/lib/modules/*/kernel "kvm_amd"
    mv "$part" "$cache/base"
}

mkdir -p "$cache"
(
    flock 9
    [ -d "$cache/base" ] || make_base
) 9> "$cache/lock"

# The guest's files, as a second archive that the kernel unpacks over the first.
list=$work/list
declare -A known=()

add_parents() { # GUEST_PATH without leading slash
    local parent
    parent=$(dirname "$1")
    if [ "$parent" != . ] && [ -z "${known[$parent]:-}" ]; then
        known[$parent]=1
        add_parents "$parent"
        echo "dir $parent 755" >> "$list"
    fi
}

add_file() { # HOST GUEST_PATH
    local path=${2#/} mode=644 library
    [[ $path != *[[:space:]]* ]] || refuse "the guest's path '/$path' holds a space."
    [ -z "${known[$path]:-}" ] || return 0
    known[$path]=1
    [ ! -x "$1" ] || mode=755
    add_parents "$path"
    echo "file $path $mode $1" >> "$list"
    [[ $mode = 755 || $1 = *.so* ]] || return 0
    # ldd fails for what is no dynamic program.
    for library in $(ldd "$1" 2> /dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'); do
        add_file "$library" "$library"
    done
}

if [ -n "$self_test" ]; then
    command -v gcc > /dev/null || lacks "the program 'gcc' is missing, which --self-test needs."
    gcc -static -O1 -Wall -Werror -o "$work/kvm-smoke" "$here/kvm-smoke.c"
    files+=("$work/kvm-smoke=/bin/kvm-smoke")
    script=/bin/kvm-smoke
fi

for entry in ${files[@]+"${files[@]}"}; do
    host=${entry%%=/*}
    guest=/${entry#*=/}
    [ -e "$host" ] || refuse "--file '$entry': there is no '$host'."
    if [ -d "$host" ]; then
        while read -r -d '' file; do
            add_file "$(readlink -f "$host/$file")" "${guest%/}/$file"
        done < <(cd "$host" && find -L . -type f -printf '%P\0')
    else
        add_file "$(readlink -f "$host")" "$guest"
    fi
done

printf '%s\n' "$script" > "$work/script"
cat > "$work/init" << 'INIT'
#!/bin/busybox sh
export PATH=/sbin:/bin:/usr/sbin:/usr/bin HOME=/root TERM=dumb
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev 2> /dev/null
/bin/busybox --install -s /bin
mkdir -p /dev/pts /dev/shm /run
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
ln -s /proc/self/fd /dev/fd
stty -F /dev/ttyS0 -onlcr
while read -r module; do
    insmod "$module" || echo "kvm-test-bed: the module $module does not load" >&2
done < /etc/sosia/modules
cd /root
setsid cttyhack sh /bed/script
echo $? > /dev/ttyS1
# This waits until everything is on the line; then a write to QEMU's debug exit ends the bed, without the kernel's farewell.
stty -F /dev/ttyS0 onlcr
printf '\0' | dd of=/dev/port bs=1 seek=$((0xf4)) 2> /dev/null
INIT
{
    echo "dir bed 755"
    echo "file bed/init 755 $work/init"
    echo "file bed/script 644 $work/script"
    [ ! -f "$list" ] || cat "$list"
} | "$root/guests/common/newc.sh" | cat "$cache/base/initrd" - > "$work/initrd"

execution=(-accel tcg,thread=single -icount shift=1,sleep=off)
[ "$cpus" = 1 ] || execution=(-accel tcg,thread=multi)
ended=0
timeout "$timeout" qemu-system-x86_64 -nodefaults -display none -no-reboot -no-user-config \
    "${execution[@]}" -cpu "$model" -smp "$cpus" -m "$memory" \
    -kernel "$cache/base/vmlinux" -initrd "$work/initrd" \
    -append "console=ttyS0 $loglevel rdinit=/bed/init panic=-1 mitigations=off nokaslr tsc=reliable $append" \
    -device isa-debug-exit,iobase=0xf4,iosize=1 -serial stdio -serial "file:$work/status" < /dev/null || ended=$?
[ "$ended" -ne 124 ] || { echo "kvm-test-bed: the time of $timeout s was up." >&2; exit 124; }
status=$(tr -d '\r\n' < "$work/status" 2> /dev/null || true)
[[ $status =~ ^[0-9]+$ ]] || { echo "kvm-test-bed: the bed ended without a status (QEMU's is $ended); --verbose shows the kernel's messages." >&2; exit 125; }
exit "$status"
