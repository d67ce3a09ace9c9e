#!/usr/bin/env bash
# Holds the device's program to what a Raspberry Pi can be promised: one file that needs no other
# (static), for its processor, stripped, and small; and the functions of steady cycles side by side, since
# one that lies apart drags sixteen pages into memory. Usage: toolchains/check-device.sh FILE [arm64|amd64 [MAP]]
set -euo pipefail

# A program that lives in RAM beside the workload, and is sent over the air: what libcurl, OpenSSL,
# libsensors and glibc come to (4 MB), and 1.5 MB for all of ours.

# Of the listed functions, %: the list is of both processors, and a change renames a few.
share_min=${PHI_ORDER_SHARE_MIN:-75}

file=${1:?usage: check-device.sh FILE [arm64|amd64 [MAP]]}
size_bytes_max=5500000
case "${2:-arm64}" in
arm64) machine=AArch64 ;;
amd64) machine='Advanced Micro Devices X86-64' ;;
*)
    echo "device: error: unknown architecture '$2'" >&2
    exit 2
    ;;
esac
fail() {
    printf 'device: error: %s: %s\n' "$file" "$1" >&2
    printf 'device: hint: %s\n' "$2" >&2
    exit 1
}

[ -f "$file" ] || fail "not there" "run 'make device'"
head=$(LC_ALL=C readelf --file-header --program-headers --section-headers --wide "$file")
grep -q "Machine: *$machine" <<<"$head" || fail "not a program for $machine" \
    "build with the SDK (make device)"
if grep -Eq '^ *(INTERP|DYNAMIC) ' <<<"$head"; then
    fail "dynamically linked" "see -static in toolchains/sdk/ARCH/toolset.json"
fi
if grep -Eq '\.(symtab|debug_info) ' <<<"$head"; then
    fail "not stripped" "see -s in toolchains/sdk/ARCH/toolset.json"
fi
size_bytes=$(stat -c %s "$file")
[ "$size_bytes" -le "$size_bytes_max" ] ||
    fail "$size_bytes bytes, more than $size_bytes_max" \
        "find what grew with -Xlinker -Map=FILE; String comparison and case pull in Unicode tables"
if [ $# -ge 3 ]; then
    # A function that was renamed is no longer found by the name that was recorded.
    listed=$(dirname "$0")/steady-functions.txt
    known=$(awk 'NR == FNR { wanted[$0]; next } NF == 5 && $5 in wanted { delete wanted[$5]; found++ }
                 END { print found + 0 }' "$listed" "$3")
    all=$(wc -l <"$listed")
    [ $((known * 100)) -ge $((all * share_min)) ] ||
        fail "only $known of the $all functions that lie side by side are still there" \
            "record them anew: make steady-functions"
    printf 'device: %s of %s functions of steady cycles lie side by side\n' "$known" "$all"
fi
printf 'device: %s: %s bytes of at most %s, %s, static, stripped\n' \
    "$file" "$size_bytes" "$size_bytes_max" "$machine"
