#!/usr/bin/env bash
# Installs the Debian packages that are missing on this machine, and touches nothing when none is.
#
# Usage: toolchains/setup.sh [GROUP...]      without a name: build, device and test
#   build   what the Swift toolchain needs on a bare Debian 12, and the libraries of the host's programs
#   device  what the device's SDK is made with
#   test    what the tests run beside that
#   lab     what makes and runs an emulated board (Tests/Lab)
#   bench   what the benches count instructions with, and what they measure us against
#   deb     what packs the agent for Debian, and tries the package
set -euo pipefail

# The first line: what the toolchain's own programs load. The second: what it compiles and links
# with (SwiftPM calls git, and ld.gold from binutils; the Foundation reads the time zones).
readonly swift=(libcurl4 libgcc-s1 libncurses6 libsqlite3-0 libstdc++6 libuuid1 libxml2 zlib1g
    binutils git libc6-dev libgcc-12-dev libstdc++-12-dev tzdata unzip)
readonly build=("${swift[@]}"
    libc-ares-dev libcurl4-openssl-dev libmicrohttpd-dev libsensors-dev libsqlite3-dev libssl-dev zlib1g-dev)
readonly device=("${swift[@]}"
    ca-certificates cmake dpkg-dev file ninja-build patch python3 xz-utils)
# prometheus is here for promtool, which holds the metrics to Prometheus's rules; systemd for
# systemd-analyze, which judges the units; socat and netcat for the shell examples of the local API;
# qemu-user is the emulator that can load plugins, which count what a cycle costs.
readonly test=(ca-certificates curl file iproute2 netcat-openbsd openssl perl prometheus protobuf-compiler
    python3 qemu-user qemu-user-static socat systemd util-linux)
readonly lab=(ca-certificates cpio device-tree-compiler e2fsprogs kmod mmdebstrap openssh-client
    procps python3 qemu-system-arm qemu-user-static qemu-utils util-linux)
# collectd-core is collectd without its service; libyajl2 is what its plugin for HTTP wants.
readonly bench=(collectd-core earlyoom libyajl2 openssl prometheus-node-exporter python3 qemu-user strace valgrind
    zstd)
readonly deb=(debhelper dpkg-dev fakeroot lintian mmdebstrap)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { # message, hint
    printf 'setup: error: %s\n' "$1" >&2
    printf 'setup: hint: %s\n' "$2" >&2
    exit 1
}

missing_of() { # package...
    local package
    for package in $(printf '%s\n' "$@" | sort -u); do
        # `ii`, or `hi` for one held back; anything else is not (wholly) there.
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i' ||
            echo "$package"
    done
}

# A tool's package must not bring up a service: not now (the policy below refuses every start), and
# not at the next boot (it is disabled, unless it was there before us).
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    trap allow_services EXIT
    printf '#!/bin/sh\n# Put here by PhiFleet'"'"'s setup for the time of its installation.\nexit 101\n' |
        "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
}
allow_services() { "${root[@]}" rm -f "$policy"; }

disable_service() { # name
    if command -v systemctl >/dev/null; then
        "${root[@]}" systemctl --quiet disable "$1" >/dev/null 2>&1 || true
    elif command -v update-rc.d >/dev/null; then
        "${root[@]}" update-rc.d "$1" disable >/dev/null 2>&1 || true
    fi
}

main() {
    local wanted=() group missing log
    [ $# -gt 0 ] || set -- build device test
    for group in "$@"; do
        case "$group" in
        build) wanted+=("${build[@]}") ;;
        device) wanted+=("${device[@]}") ;;
        test) wanted+=("${test[@]}") ;;
        deb) wanted+=("${deb[@]}") ;;
        lab) wanted+=("${lab[@]}") ;;
        bench) wanted+=("${bench[@]}") ;;
        *) fail "unknown group '$group'" "the groups are build, device, test, lab, bench and deb" ;;
        esac
    done
    command -v dpkg-query >/dev/null || fail "this is not a Debian system" \
        "build on Debian 12 (bookworm), or in a chroot or container of it"
    mapfile -t missing < <(missing_of "${wanted[@]}")
    [ ${#missing[@]} -gt 0 ] || return 0

    say "missing: ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then
        root=(env)
    elif command -v sudo >/dev/null; then
        root=(sudo)
    else
        fail "installing needs root, and there is no sudo" \
            "as root: apt-get install --no-install-recommends ${missing[*]}"
    fi

    log=$(mktemp)
    say "reading the package lists"
    "${root[@]}" apt-get -q update >"$log" 2>&1 || say "note: $(tail -1 "$log")"
    forbid_services
    say "installing ${#missing[@]} packages (a few minutes at most)"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
        tail -15 "$log" >&2
        fail "apt-get could not install the packages" "its whole log is $log"
    }
    rm -f "$log"
    for package in "${missing[@]}"; do
        case "$package" in
        prometheus | prometheus-node-exporter | earlyoom) disable_service "$package" ;;
        esac
    done
    say "done"
}

main "$@"
