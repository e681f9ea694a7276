#!/usr/bin/env bash
# check-coverage.sh FILE
# Says how many rows of the instruction table the tests executed and lists those they never did; status 1 if there are any.
# FILE is what Sosia.Isa.X86.Tests wrote where the environment variable SOSIA_COVERAGE said (an absolute path):
#   SOSIA_COVERAGE=$PWD/artifacts/coverage/x86-rows.md dotnet test tests/Sosia.Isa.X86.Tests -c Release
set -euo pipefail
[ $# -eq 1 ] && [ -f "$1" ] || { echo "usage: check-coverage.sh FILE, a report that SOSIA_COVERAGE named" >&2; exit 2; }
awk -F ' *[|] *' '
    $2 !~ /^[0-9]+$/ { next }
    { rows++ }
    $6 == 0 { never = never "   " $5 ": " $3 "\n"; missing++ }
    END {
        printf "%d rows, %d never executed\n%s", rows, missing, never
        exit rows == 0 || missing > 0
    }
' "$1"
