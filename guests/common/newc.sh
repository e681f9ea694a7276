#!/bin/sh
# Writes a "newc" cpio archive (Linux Documentation/driver-api/early-userspace/buffer-format.rst)
# to standard output from a list on standard input. No cpio program, no root, and the same bytes
# every time: inode numbers count up, all times are 0, all owners are root.
#
#   dir   PATH MODE             file  PATH MODE HOST_FILE
#   slink PATH TARGET           nod   PATH MODE c|b MAJOR MINOR
#
# Paths are relative to the root of the archive; modes are octal; '#' begins a comment line.
set -eu

inode=0
offset=0

pad() { # to a multiple of $1
    while [ $((offset % $1)) -ne 0 ]; do
        printf '\000'
        offset=$((offset + 1))
    done
}

header() { # name mode nlink filesize major minor
    name=$1
    inode=$((inode + 1))
    printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
        "$inode" "$2" 0 0 "$3" 0 "$4" 0 0 "$5" "$6" "$((${#name} + 1))" 0
    printf '%s\000' "$name"
    offset=$((offset + 110 + ${#name} + 1))
    pad 4
}

while read -r kind path a b c d; do
    case $kind in
        '' | '#'*) ;;
        dir) header "$path" $((0040000 | 0$a)) 2 0 0 0 ;;
        file)
            b=$b${c:+ $c}${d:+ $d} # a host folder's name may hold spaces
            size=$(wc -c < "$b")
            header "$path" $((0100000 | 0$a)) 1 "$size" 0 0
            cat -- "$b"
            offset=$((offset + size))
            pad 4
            ;;
        slink)
            header "$path" $((0120777)) 1 ${#a} 0 0
            printf '%s' "$a"
            offset=$((offset + ${#a}))
            pad 4
            ;;
        nod)
            case $b in c) type=0020000 ;; b) type=0060000 ;; *) echo "newc.sh: nod $path: type '$b' is neither c nor b" >&2; exit 2 ;; esac
            header "$path" $((type | 0$a)) 1 0 "$c" "$d"
            ;;
        *) echo "newc.sh: unknown entry '$kind'" >&2; exit 2 ;;
    esac
done
inode=-1 # the trailer's inode number is 0
header 'TRAILER!!!' 0 1 0 0 0
pad 512
