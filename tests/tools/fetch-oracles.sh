#!/usr/bin/env bash
# fetch-oracles.sh [NAME...]
# Brings oracles that the project did not write from the distribution's packages into $XDG_CACHE_HOME/sosia (~/.cache/sosia), where the tests
# look for them; none of their code is part of the project. Without names: all. What is there already costs nothing.
#   testfloat   Berkeley TestFloat's testfloat_gen (source package qemu, tests/fp)
#   valgrind    one-line instruction cases (source package valgrind, none/tests/{x86,amd64})
#   tcg         test-i386 and its relatives as static 32-bit and 64-bit programs (source package qemu, tests/tcg)
#   selftests   Linux's x86 selftests as static 32-bit and 64-bit programs (package linux-source-VERSION, tools/testing/selftests/x86)
# Needs apt-get and tar; to build: gcc, i686-linux-gnu-gcc, make. The machine's configuration stays as it is.
# Status 0: everything is there; 1: something is not, and one line a name said why.
set -uo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/sosia"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

say() { echo "   $1"; }
missing() { say "$1 is not here: $2"; status=1; }

# Folders under the cache appear when they are complete, never before.
install_folder() { mkdir -p "$cache" && rm -rf "${cache:?}/$2" && mv "$1" "$cache/$2"; }

# The machine's own package sources, asked for source packages, with lists of their own.
apt_options=()
prepare_lists() {
    [ ${#apt_options[@]} -eq 0 ] || return 0
    local file
    mkdir -p "$work/apt/sources.d" "$work/apt/lists/partial"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n 's/^deb\(-src\)\? /deb-src /p' "$file" >> "$work/apt/sources.d/machine.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/apt/sources.d/$(basename "$file")"
    done
    apt_options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/apt/sources.d" -o "Dir::State::Lists=$work/apt/lists" -o APT::Sandbox::User=root)
    say "Fetching the lists of source packages"
    # A source among them that has no source packages does not matter: what is asked for has to be found.
    apt-get "${apt_options[@]}" update > "$work/apt.log" 2>&1 || true
}

# unpack_source NAME PATTERN...: some folders of it, as $work/NAME
unpack_source() {
    local package=$1 part=$work/$1.part archive
    [ ! -d "$work/$package" ] || return 0
    command -v apt-get > /dev/null || return 1
    prepare_lists
    say "Downloading the source package $package"
    mkdir -p "$part"
    (cd "$part" && apt-get "${apt_options[@]}" source --download-only "$package") >> "$work/apt.log" 2>&1 || return 1
    archive=$(find "$part" -name '*.orig.tar.*' ! -name '*.asc' | head -1)
    shift
    tar -xf "$archive" -C "$part" --no-same-owner --strip-components=1 --wildcards "$@" 2>> "$work/apt.log" || return 1
    mv "$part" "$work/$package"
}

unpack_qemu() { unpack_source qemu '*/tests/fp/berkeley-*' '*/tests/tcg/i386/*' '*/tests/tcg/multiarch/*'; }

fetch_testfloat() {
    [ ! -x "$cache/testfloat/testfloat_gen" ] || return 0
    command -v gcc > /dev/null && command -v make > /dev/null || { missing TestFloat "building it needs gcc and make"; return; }
    unpack_qemu || { missing TestFloat "the source package qemu could not be fetched"; return; }
    say "Building testfloat_gen"
    local fp=$work/qemu/tests/fp platform=Linux-x86_64-GCC
    if ! { make -C "$fp/berkeley-softfloat-3/build/$platform" SPECIALIZE_TYPE=8086 &&
        make -C "$fp/berkeley-testfloat-3/build/$platform" SOFTFLOAT_DIR="$fp/berkeley-softfloat-3" PLATFORM=$platform testfloat_gen; } > "$work/log" 2>&1; then
        missing TestFloat "its build failed: $(tail -1 "$work/log")"
        return
    fi
    mkdir -p "$work/testfloat"
    mv "$fp/berkeley-testfloat-3/build/$platform/testfloat_gen" "$work/testfloat/"
    install_folder "$work/testfloat" testfloat
}

fetch_valgrind() {
    [ ! -f "$cache/valgrind/amd64/insn_pclmulqdq.def" ] || return 0
    unpack_source valgrind '*/none/tests/x86/insn_*.def' '*/none/tests/amd64/insn_*.def' ||
        { missing "Valgrind's cases" "the source package valgrind could not be fetched"; return; }
    install_folder "$work/valgrind/none/tests" valgrind
}

# compile FOLDER GCC [OPTION...] -o NAME SOURCE...: a static program; one that this compiler refuses is left out.
compile() {
    local folder=$1 compiler=$2
    shift 2
    mkdir -p "$folder"
    (cd "$folder" && "$compiler" -static -s -no-pie -fno-pie -w -Wl,--no-warnings "$@" -lm) >> "$work/log" 2>&1
}

fetch_tcg() {
    [ ! -d "$cache/tcg" ] || return 0
    command -v gcc > /dev/null && command -v i686-linux-gnu-gcc > /dev/null || { missing test-i386 "building it needs gcc and i686-linux-gnu-gcc"; return; }
    unpack_qemu || { missing test-i386 "the source package qemu could not be fetched"; return; }
    say "Building test-i386 and its relatives"
    local i386=$work/qemu/tests/tcg/i386 out=$work/tcg name failed=
    compile "$out/32" i686-linux-gnu-gcc -O2 -o test-i386 "$i386"/test-i386{.c,-code16.S,-vm86.S} || failed=test-i386
    compile "$out/64" gcc -O2 -o test-x86_64 "$i386/test-i386.c" || failed=test-x86_64
    for name in fprem fbstp fxam fyl2x fyl2xp1 f2xm1 fpatan fscale fxtract fisttp fldcst fp-exceptions pseudo-denormal snan-convert sse-exceptions pcmpistri; do
        case $name in
            sse-exceptions) set -- -msse4.1 -mfpmath=sse ;;
            pcmpistri) set -- -msse4.2 ;;
            *) set -- ;;
        esac
        compile "$out/32" i686-linux-gnu-gcc "$@" -o "$name" "$i386/test-i386-$name.c" || failed=$name
        compile "$out/64" gcc "$@" -o "$name" "$i386/test-i386-$name.c" || failed=$name
    done
    compile "$out/64" gcc -O2 -o bmi2 "$i386/test-i386-bmi2.c" || failed=bmi2
    compile "$out/32" i686-linux-gnu-gcc -O2 -o bmi2 "$i386/test-i386-bmi2.c" || failed=bmi2
    for name in sha1 sha512 overflow; do
        compile "$out/64" gcc -O2 -o "$name" "$work/qemu/tests/tcg/multiarch/$name.c" || failed=$name
        compile "$out/32" i686-linux-gnu-gcc -O2 -o "$name" "$work/qemu/tests/tcg/multiarch/$name.c" || failed=$name
    done
    [ -z "$failed" ] || { missing test-i386 "the build of $failed failed: $(tail -1 "$work/log")"; return; }
    install_folder "$out" tcg
}

fetch_selftests() {
    [ ! -d "$cache/selftests" ] || return 0
    command -v gcc > /dev/null && command -v i686-linux-gnu-gcc > /dev/null ||
        { missing "Linux's x86 selftests" "building them needs gcc and i686-linux-gnu-gcc"; return; }
    local package archive tree=$work/linux tests out=$work/selftests name bits sources failed=
    package=$(apt-cache depends linux-source 2> /dev/null | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -1)
    say "Downloading ${package:-linux-source}"
    mkdir -p "$tree"
    (cd "$tree" && apt-get -o APT::Sandbox::User=root download "${package:-linux-source}") > "$work/apt.log" 2>&1 ||
        { missing "Linux's x86 selftests" "the package linux-source could not be fetched"; return; }
    archive=$(find "$tree" -name '*.deb' | head -1)
    dpkg-deb --fsys-tarfile "$archive" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
        tar -xJ -C "$tree" --no-same-owner --strip-components=1 --wildcards '*/tools/testing/selftests/x86' '*/tools/testing/selftests/*.h' \
            '*/arch/x86/include/asm/desc_defs.h' 2> "$work/log" || { missing "Linux's x86 selftests" "the package could not be unpacked"; return; }
    say "Building Linux's x86 selftests"
    # Not entry_from_vm86: a 64-bit kernel has no virtual-8086 mode.
    tests=$tree/tools/testing/selftests/x86
    for name in ldt_gdt iopl ioperm fsgsbase fsgsbase_restore sigreturn single_step_syscall mov_ss_trap sysret_ss_attrs sysret_rip \
        syscall_nt syscall_arg_fault ptrace_syscall sigaltstack sigtrap_loop syscall_numbering test_FCMOV test_FCOMI test_FISTTP; do
        for bits in 32 64; do
            sources=("$tests/$name.c")
            case $name-$bits in
                fsgsbase-32 | sysret_rip-32 | syscall_numbering-32) continue ;;
                sysret_ss_attrs-64) sources+=("$tests/thunks.S") ;;
                ptrace_syscall-32) sources+=("$tests/raw_syscall_helper_32.S") ;;
                syscall_arg_fault-32) sources+=("$tests/thunks_32.S") ;;
            esac
            compile "$out/$bits" "$([ $bits = 32 ] && echo i686-linux-gnu-gcc || echo gcc)" -O2 -std=gnu99 -pthread -DCAN_BUILD_$bits -o $name "${sources[@]}" ||
                failed="$failed $bits/$name"
        done
    done
    [ -z "$failed" ] || { missing "Linux's x86 selftests" "the build of$failed failed: $(tail -1 "$work/log")"; return; }
    install_folder "$out" selftests
}

[ $# -ne 0 ] || set -- testfloat valgrind tcg selftests
for name in "$@"; do
    case $name in
        testfloat | valgrind | tcg | selftests) "fetch_$name" ;;
        *) echo "fetch-oracles: there is no oracle '$name'; the names are testfloat, valgrind, tcg, selftests" >&2; exit 2 ;;
    esac
done
exit $status
