#!/usr/bin/env bash
# make-package-mirror.sh OUT
# Makes a mirror of a few of Debian's packages, an SSH server and what it needs beyond the minimal system: a tar archive with the packages and their index, which any
# web server can serve to apt. Needs root on Debian (for apt-get download). OUT appears when it is complete.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: make-package-mirror.sh OUT" >&2; exit 2; }
out=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq -o APT::Sandbox::User=root dropbear-bin libtomcrypt1 libtommath1
for package in *.deb; do
    dpkg-deb -f "$package"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$package" "$(stat -c %s "$package")" "$(sha256sum "$package" | cut -d ' ' -f 1)"
done > Packages
tar -cf "$out.new" Packages *.deb
mv "$out.new" "$out"
