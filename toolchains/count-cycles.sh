#!/usr/bin/env bash
# What one decision cycle costs, in instructions: counted by valgrind's callgrind, as the difference of
# two runs, so that the start of the program drops out.
#
# Usage: toolchains/count-cycles.sh CHAMBER-BENCH      prints a line for each figure: name, instructions
#
# A Pi 4 and a Zero 2W have no SHA instructions, so the processor's are masked (OPENSSL_ia32cap: SHA-NI
# out of the extended features; OPENSSL_armcap: NEON alone). Where valgrind is missing the lines say why.
set -euo pipefail

program=$1
if ! command -v valgrind >/dev/null; then
    echo "why valgrind isn't installed"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# valgrind 3.19 can't read this debug information, and needs none.
objcopy --strip-debug "$program" "$work/bench"
export OPENSSL_ia32cap=':~0x20000000' OPENSSL_armcap=1

count() { # steps, cycles: instructions of the whole run
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$work/bench" --cycles "$2" --steps "$1" 2>&1 | awk '/Collected/ { print $NF }'
}

per_cycle() { # steps
    local few many
    few=$(count "$1" 1024)
    many=$(count "$1" 3072)
    echo $(((many - few) / 2048))
}

plain=$(per_cycle 0)
stepped=$(per_cycle 4)
echo "cycle $plain"
echo "step $(((stepped - plain) / 4))"
