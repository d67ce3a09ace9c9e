# An apt of one's own, to be sourced: Debian's packages for any architecture, without root and without
# touching the system's apt and dpkg. The archives and their keys are the machine's own
# (debian_sources.py), and apt checks the signatures.
#
# Wants: $here (this folder), $work (a folder to work in), $codename, $arch, and the functions say and fail.
# shellcheck shell=bash disable=SC2154

# Every folder is its own; the rest of the machine's settings (proxy, credentials) hold.
private_apt() { # apt-get or apt-cache, its arguments...
    local tool=$1
    shift
    "$tool" -q \
        -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt/cache" \
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources.d" \
        -o Dir::Etc::preferences="$work/apt/preferences" -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any \
        -o APT::Sandbox::User="$(id -un)" \
        "$@"
}

read_archives() {
    mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial,sources.d}
    : >"$work/apt/status"
    # First match wins: Debian's own archives, and nothing else.
    printf '%s\n' 'Package: *' 'Pin: release o=Debian' 'Pin-Priority: 500' '' \
        'Package: *' 'Pin: release *' 'Pin-Priority: -1' >"$work/apt/preferences"
    python3 "$here/debian_sources.py" "$codename" >"$work/apt/sources.d/debian.sources" ||
        fail "this machine's apt names no Debian $codename archive" \
            "add one to /etc/apt/sources.list.d (see sources.list(5))"
    private_apt apt-get update >"$work/apt/log" 2>&1 || {
        tail -5 "$work/apt/log" >&2
        fail "the package lists can't be read" "check the network, and that 'apt-get update' works"
    }
}

# Into the present folder; apt checks it against the signed index.
download_package() { # package or package=version
    private_apt apt-get download "$1" >"$work/apt/log" 2>&1 || {
        tail -5 "$work/apt/log" >&2
        fail "the $arch package $1 can't be had" "check the network and the free space in $work"
    }
}
