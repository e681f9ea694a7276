#!/bin/sh
# run-programs.sh PROGRAMS RESULTS
# Runs every program PROGRAMS/{32,64}/NAME and writes what it printed, and its status, to RESULTS/{32,64}-NAME. The tests run this script
# on the host and in the guest, so that both treat the programs alike.
programs=$1
results=$2
mkdir -p "$results"
cd "$programs" || exit 1
for program in 32/* 64/*; do
    name=${program#*/}
    bits=${program%/*}
    case $name in
        # Its whole output is 1,700,000 lines.
        fprem) "./$program" 2>&1 | head -n 4000 > "$results/$bits-$name" ;;
        *)
            "./$program" > "$results/$bits-$name" 2>&1 < /dev/null
            echo "status $?" >> "$results/$bits-$name"
            ;;
    esac
done
