#!/usr/bin/env bash
# fetch-images.sh [NAME...]
# Makes disks and discs from Debian's packages in $XDG_CACHE_HOME/sosia/images (~/.cache/sosia/images), where the tests look for them; what is there already costs
# nothing. Without names: all.
#   debian-disk.img                             an installed Debian (make-debian-disk.sh)
#   installer-amd64.iso, installer-i386.iso     Debian's installer on a CD (make-installer-cd.sh)
#   drivers.initrd, drivers.initrd.vmlinuz      Debian's stock kernel with drivers for sound and USB (make-driver-guest.sh)
# Status 0: everything is there; 1: something is not, and one line a name said why.
set -uo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
images="${XDG_CACHE_HOME:-$HOME/.cache}/sosia/images"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
mkdir -p "$images"
[ $# -ne 0 ] || set -- debian-disk.img installer-amd64.iso installer-i386.iso drivers.initrd
for name in "$@"; do
    [ ! -f "$images/$name" ] || continue
    case $name in
        debian-disk.img) command=("$tools/make-debian-disk.sh") ;;
        installer-amd64.iso | installer-i386.iso)
            architecture=${name#installer-}
            command=("$tools/make-installer-cd.sh" "${architecture%.iso}")
            ;;
        drivers.initrd) command=("$tools/make-driver-guest.sh") ;;
        *) echo "fetch-images.sh: there is no image '$name'" >&2; exit 2 ;;
    esac
    echo "   Making $name"
    "${command[@]}" "$images/$name" > "$log" 2>&1 || { echo "   $name is not here: $(tail -1 "$log")"; status=1; }
done
exit $status
